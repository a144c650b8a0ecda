"""What routes need, as annotated types.

FastAPI takes some twenty microseconds to resolve a dependency, so caller, correlation id and services come as one.
"""

import dataclasses
import re
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from api.identity import Caller
from api.models import patterns
from api.problems import TaskNotFound, WebhookNotFound
from api.services.batch import BatchService
from api.services.changes import ChangeFeed
from api.services.counts import CountsService
from api.services.erasure import ErasureService
from api.services.exports import ExportService
from api.services.imports import ImportService
from api.services.insights import InsightsService
from api.services.preconditions import Preconditions
from api.services.task_lists import TaskListService
from api.services.tasks import TaskService
from api.services.users import UserService
from api.services.webhooks import WebhookService
from api.services.write_request import WriteRequest

_TASK_ID = re.compile(patterns.TASK_ID)


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """The services of a process."""

    users: UserService
    tasks: TaskService
    lists: TaskListService
    batches: BatchService
    changes: ChangeFeed
    counts: CountsService
    insights: InsightsService
    erasure: ErasureService
    webhooks: WebhookService
    exports: ExportService
    imports: ImportService


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """A request of a safe method.

    Args:
        caller: the authenticated user.
        request_id: the correlation id.
        services: of the process.
    """

    caller: Caller
    request_id: str
    services: Services


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """A request that may change something.

    Args:
        request: who writes, under which ids.
        services: of the process.
    """

    request: WriteRequest
    services: Services


async def _read(request: Request) -> Read:
    return Read(request.scope["caller"], request.scope["request_id"], request.app.state.services)


async def _task_id(
    task_id: Annotated[str, Path(description="ULID", json_schema_extra={"pattern": patterns.TASK_ID})],
) -> str:
    # what cannot be an id is the id of no task
    if not _TASK_ID.match(task_id):
        raise TaskNotFound
    return task_id


async def _webhook_id(
    webhook_id: Annotated[str, Path(description="ULID", json_schema_extra={"pattern": patterns.TASK_ID})],
) -> str:
    if not _TASK_ID.match(webhook_id):
        raise WebhookNotFound
    return webhook_id


_IDEMPOTENCY_KEY = Header(
    alias="Idempotency-Key",
    description="Makes repeating the request harmless for 24 hours.",
    min_length=1,
    max_length=255,
    pattern=r"^[\x20-\x7e]+$",
)

IdempotencyKey = Annotated[str, _IDEMPOTENCY_KEY]
OptionalIdempotencyKey = Annotated[str | None, _IDEMPOTENCY_KEY]
TaskIdInPath = Annotated[str, Depends(_task_id)]
WebhookIdInPath = Annotated[str, Depends(_webhook_id)]
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


async def _create(request: Request, idempotency_key: IdempotencyKey) -> Write:
    return _write_of(request, idempotency_key)


async def _write(request: Request, idempotency_key: OptionalIdempotencyKey = None) -> Write:
    return _write_of(request, idempotency_key)


def _write_of(request: Request, idempotency_key: str | None) -> Write:
    write_request = WriteRequest(request.scope["caller"], request.scope["request_id"], idempotency_key)
    return Write(write_request, request.app.state.services)


ReadDep = Annotated[Read, Depends(_read)]
# a write whose `Idempotency-Key` is required
CreateDep = Annotated[Write, Depends(_create)]
WriteDep = Annotated[Write, Depends(_write)]
PreconditionsDep = Annotated[Preconditions, Depends(_preconditions)]
# of a resource without entity tags: the headers are evaluated, and clients have no reason to send them
UntaggedPreconditionsDep = Annotated[Preconditions, Depends(_preconditions_without_tag)]
