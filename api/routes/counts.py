"""/api/v1/tasks/counts"""

from fastapi import APIRouter, Response

from api.dependencies import ReadDep, UntaggedPreconditionsDep
from api.models.counts import TaskCounts
from api.problems import MethodNotAllowed
from api.routes.json_route import JsonRoute
from api.routes.responses import json_response

router = APIRouter(prefix="/api/v1/tasks/counts", tags=["tasks"], route_class=JsonRoute)


@router.get("", response_model=TaskCounts, operation_id="countTasks")
async def get(read: ReadDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """Count the caller's live tasks by status, priority and category, as of this moment.

    It costs by what has changed since the last time, not by the number of tasks.
    """
    counts = read.services.counts.get(read.caller, read.request_id)
    return json_response(counts.model_dump_json(), preconditions)


@router.api_route("", methods=["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"], include_in_schema=False)
async def other() -> Response:
    """Without this, the path would be taken for that of a task of this name."""
    raise MethodNotAllowed("Possible here: GET, HEAD.", headers={"Allow": "GET, HEAD"})
