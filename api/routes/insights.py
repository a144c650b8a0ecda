"""/api/v1/insights"""

from fastapi import APIRouter, Response

from api.dependencies import TOKEN_SCHEME, CurrentUser, InsightsServiceDep, RequestId
from api.models.insights import Insights
from api.routes.bodies import JsonRoute
from api.routes.responses import json

router = APIRouter(prefix="/api/v1/insights", tags=["insights"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.get("", response_model=Insights, operation_id="getInsights")
async def get(caller: CurrentUser, request_id: RequestId, insights: InsightsServiceDep) -> Response:
    """The caller's figures at the time `as_of`, when the insights pipeline last published them."""
    return json(insights.of(caller, request_id))
