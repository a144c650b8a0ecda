"""/api/v1/tasks/changes"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import ReadDep, UntaggedPreconditionsDep
from api.models.changes import ChangesPage, ChangesQuery
from api.problems import MethodNotAllowed
from api.routes.json_route import JsonRoute
from api.routes.responses import json_response

router = APIRouter(prefix="/api/v1/tasks/changes", tags=["tasks"], route_class=JsonRoute)


@router.get("", response_model=ChangesPage, operation_id="listChanges")
async def since(
    query: Annotated[ChangesQuery, Query()],
    read: ReadDep,
    preconditions: UntaggedPreconditionsDep,
) -> Response:
    """Read what changed since the token `next` of an earlier response; without it, everything.

    A change may be delivered more than once: keep, of each task, the highest version. 410 means: drop what you have and
    start afresh without a token; the token is too old, or your data were erased.
    """
    return json_response(read.services.changes.since(read.caller, query, read.request_id), preconditions)


@router.api_route("", methods=["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"], include_in_schema=False)
async def other() -> Response:
    """Without this, the path would be taken for that of a task of this name."""
    raise MethodNotAllowed("Possible here: GET, HEAD.", headers={"Allow": "GET, HEAD"})
