"""/api/v1/insights"""

from fastapi import APIRouter, Response

from api.dependencies import ReadDep, UntaggedPreconditionsDep
from api.models.insights import Insights
from api.routes.json_route import JsonRoute
from api.routes.responses import json_response

router = APIRouter(prefix="/api/v1/insights", tags=["insights"], route_class=JsonRoute)


@router.get("", response_model=Insights, operation_id="getInsights")
async def get(read: ReadDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """The caller's figures at the time `as_of`, when the insights pipeline last published them."""
    return json_response(read.services.insights.get(read.caller, read.request_id), preconditions)
