"""/api/v1/tasks/batch"""

from fastapi import APIRouter, Response

from api.dependencies import CreateDep, UntaggedPreconditionsDep
from api.models.batch import Batch, BatchResults
from api.problems import MethodNotAllowed
from api.routes.json_route import JsonRoute
from api.routes.responses import write_response

router = APIRouter(prefix="/api/v1/tasks/batch", tags=["tasks"], route_class=JsonRoute)


@router.post("", response_model=BatchResults, operation_id="batchTasks")
async def batch(batch: Batch, write: CreateDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """Execute up to 50 operations, all of them or none."""
    return write_response(write.services.batches.execute(write.request, batch, preconditions))


@router.api_route("", methods=["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"], include_in_schema=False)
async def other() -> Response:
    """Without this, the path would be taken for that of a task of this name."""
    raise MethodNotAllowed("Possible here: POST.", headers={"Allow": "POST"})
