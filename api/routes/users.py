"""/api/v1/users: the caller"""

from fastapi import APIRouter, Response

from api.dependencies import (
    TOKEN_SCHEME,
    CreateIntent,
    CurrentUser,
    ErasureServiceDep,
    IfMatch,
    IfNoneMatch,
    RequestId,
    UserServiceDep,
    WriteIntent,
)
from api.models.user import ProfileChanges, User
from api.routes.bodies import JsonRoute
from api.routes.responses import versioned, written

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])


@router.get("", response_model=User, operation_id="getUser")
async def get(
    caller: CurrentUser, request_id: RequestId, users: UserServiceDep, if_none_match: IfNoneMatch = None
) -> Response:
    """The caller's profile."""
    profile = users.profile(caller, request_id)
    return versioned(profile.model_dump_json(), profile.version, if_none_match)


@router.post(
    "",
    status_code=201,
    response_model=User,
    operation_id="createUser",
    responses={200: {"model": User, "description": "An earlier request had made the profile; it was changed."}},
)
async def create(intent: CreateIntent, users: UserServiceDep, profile: ProfileChanges | None = None) -> Response:
    """Make the caller's profile. The first request of any kind does so, too: then what the body names is changed."""
    return written(users.create(intent, profile or ProfileChanges()))


@router.put("", response_model=User, operation_id="updateUser")
async def update(
    changes: ProfileChanges, intent: WriteIntent, users: UserServiceDep, if_match: IfMatch = None
) -> Response:
    """Change the fields of the caller's profile that the body names; the others stay."""
    return written(users.update(intent, changes, if_match))


@router.delete("", status_code=204, response_class=Response, operation_id="eraseUser")
async def erase(intent: WriteIntent, erasure: ErasureServiceDep, if_match: IfMatch = None) -> Response:
    """Erase the caller: profile, tasks, figures, and what analytics know of them.

    Sending it again does no harm, whatever its `Idempotency-Key`. The sign-in stays: Cognito deletes it at its owner's
    word.
    """
    erasure.erase(intent, if_match)
    return Response(status_code=204)
