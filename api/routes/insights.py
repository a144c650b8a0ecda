"""/api/v1/insights"""

from fastapi import APIRouter, Response

from api.dependencies import TOKEN_SCHEME, CurrentUser, InsightsServiceDep, RequestId, UntaggedPreconditionsDep
from api.models.insights import Insights
from api.routes.json_route import JsonRoute
from api.routes.responses import json_response

router = APIRouter(prefix="/api/v1/insights", tags=["insights"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.get("", response_model=Insights, operation_id="getInsights")
async def get(
    caller: CurrentUser, request_id: RequestId, insights: InsightsServiceDep, preconditions: UntaggedPreconditionsDep
) -> Response:
    """The caller's figures at the time `as_of`, when the insights pipeline last published them."""
    return json_response(insights.get(caller, request_id), preconditions)
