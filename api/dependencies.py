"""What routes need, as annotated types."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPBearer

from api.identity import Caller, caller_of
from api.models.fields import TASK_ID_PATTERN
from api.problems import TaskNotFound
from api.services.batch import BatchService
from api.services.changes import ChangeFeed
from api.services.erasure import ErasureService
from api.services.insights import InsightsService
from api.services.preconditions import Preconditions
from api.services.task_lists import TaskListService
from api.services.tasks import TaskService
from api.services.users import UserService
from api.services.write_request import WriteRequest

# Only documents the scheme: API Gateway has verified the token before this function runs.
_TOKEN = HTTPBearer(scheme_name="CognitoToken", bearerFormat="JWT", auto_error=False)


_TASK_ID = re.compile(TASK_ID_PATTERN)


def _event(request: Request) -> Mapping[str, Any]:
    event = request.scope.get("aws.event")
    return event if isinstance(event, Mapping) else {}


async def _current_user(request: Request) -> Caller:
    return caller_of(_event(request))


async def _request_id(request: Request) -> str:
    return str(request.scope["request_id"])


def _service(name: str) -> Any:
    async def find(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(find)


async def _task_id(
    task_id: Annotated[str, Path(description="ULID", json_schema_extra={"pattern": TASK_ID_PATTERN})],
) -> str:
    # what cannot be an id is the id of no task
    if not _TASK_ID.match(task_id):
        raise TaskNotFound
    return task_id


_IDEMPOTENCY_KEY = Header(
    alias="Idempotency-Key",
    description="Makes repeating the request harmless for 24 hours.",
    min_length=1,
    max_length=255,
    pattern=r"^[\x20-\x7e]+$",
)

IdempotencyKey = Annotated[str, _IDEMPOTENCY_KEY]
OptionalIdempotencyKey = Annotated[str | None, _IDEMPOTENCY_KEY]
CurrentUser = Annotated[Caller, Depends(_current_user)]
RequestId = Annotated[str, Depends(_request_id)]
TaskServiceDep = Annotated[TaskService, _service("tasks")]
TaskListServiceDep = Annotated[TaskListService, _service("lists")]
BatchServiceDep = Annotated[BatchService, _service("batches")]
ChangeFeedDep = Annotated[ChangeFeed, _service("changes")]
UserServiceDep = Annotated[UserService, _service("users")]
ErasureServiceDep = Annotated[ErasureService, _service("erasure")]
InsightsServiceDep = Annotated[InsightsService, _service("insights")]
TaskIdInPath = Annotated[str, Depends(_task_id)]
# Checked where they are used: a problem of the header's own says what is wrong with it. The document has the form that
# clients send; tabs and bytes beyond ASCII are taken as well (RFC 9110, section 8.8.3).
_ENTITY_TAGS = {"pattern": r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'}
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description="Entity tags, one of which must be the current.", json_schema_extra=_ENTITY_TAGS
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="Entity tags that the client has.", json_schema_extra=_ENTITY_TAGS),
]


async def _preconditions(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Preconditions:
    return Preconditions.parse(if_match, if_none_match)


async def _preconditions_without_tag(
    if_match: Annotated[str | None, Header(alias="If-Match", include_in_schema=False)] = None,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match", include_in_schema=False)] = None,
) -> Preconditions:
    return Preconditions.parse(if_match, if_none_match)


async def _create(caller: CurrentUser, request_id: RequestId, idempotency_key: IdempotencyKey) -> WriteRequest:
    return WriteRequest(caller, request_id, idempotency_key)


async def _write(
    caller: CurrentUser, request_id: RequestId, idempotency_key: OptionalIdempotencyKey = None
) -> WriteRequest:
    return WriteRequest(caller, request_id, idempotency_key)


CreateRequest = Annotated[WriteRequest, Depends(_create)]
UpdateRequest = Annotated[WriteRequest, Depends(_write)]
PreconditionsDep = Annotated[Preconditions, Depends(_preconditions)]
# of a resource without entity tags: the headers are evaluated, and clients have no reason to send them
UntaggedPreconditionsDep = Annotated[Preconditions, Depends(_preconditions_without_tag)]
TOKEN_SCHEME = Depends(_TOKEN)
