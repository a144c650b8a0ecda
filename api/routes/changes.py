"""/api/v1/tasks/changes"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import TOKEN_SCHEME, ChangeFeedDep, CurrentUser, RequestId
from api.models.changes import ChangesPage, ChangesQuery
from api.problems import MethodNotAllowed
from api.routes.bodies import JsonRoute
from api.routes.responses import json

router = APIRouter(prefix="/api/v1/tasks/changes", tags=["tasks"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.get("", response_model=ChangesPage, operation_id="listChanges")
async def since(
    query: Annotated[ChangesQuery, Query()], caller: CurrentUser, request_id: RequestId, changes: ChangeFeedDep
) -> Response:
    """What changed since the token `next` of an earlier answer; without it, everything.

    A change may be told more than once: keep, of each task, the highest version. 410 means: start afresh.
    """
    return json(changes.since(caller, query, request_id))


@router.api_route("", methods=["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"], include_in_schema=False)
async def other() -> Response:
    """Without this, the path would be taken for that of a task of this name."""
    raise MethodNotAllowed("Possible here: GET, HEAD.", headers={"Allow": "GET, HEAD"})
