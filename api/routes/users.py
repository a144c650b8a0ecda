"""/api/v1/users"""

from fastapi import APIRouter, Response

from api.dependencies import TOKEN_SCHEME, CurrentUser, RequestId, UserServiceDep
from api.models.user import User
from api.routes.bodies import JsonRoute

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.get("", response_model=User, operation_id="getUser")
async def get(caller: CurrentUser, request_id: RequestId, users: UserServiceDep) -> Response:
    """The caller's profile."""
    return Response(users.profile(caller, request_id).model_dump_json(), media_type="application/json")
