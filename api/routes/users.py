"""/api/v1/users: the caller"""

from fastapi import APIRouter, Response

from api.dependencies import (
    CreateDep,
    PreconditionsDep,
    ReadDep,
    WriteDep,
)
from api.models.user import ProfileChanges, ProfilePatch, User
from api.routes.json_route import MERGE_PATCH, JsonRoute
from api.routes.responses import json_response, write_response
from api.services.preconditions import user_tag

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=JsonRoute)

_MERGE_PATCH_BODY = {
    "requestBody": {"content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/ProfilePatch"}}}}
}


@router.get("", response_model=User, operation_id="getUser")
async def get(read: ReadDep, preconditions: PreconditionsDep) -> Response:
    """Read the caller's profile."""
    profile = read.services.users.get(read.caller, read.request_id)
    return json_response(profile.model_dump_json(), preconditions, tag=user_tag(profile))


@router.post(
    "",
    status_code=201,
    response_model=User,
    operation_id="createUser",
    responses={200: {"model": User, "description": "An earlier request had made the profile; it was changed."}},
)
async def create(
    write: CreateDep,
    preconditions: PreconditionsDep,
    profile: ProfileChanges | None = None,
) -> Response:
    """Make the caller's profile. The first request of any kind does so, too: then what the body gives is changed."""
    return write_response(write.services.users.create(write.request, profile or ProfileChanges(), preconditions))


@router.put("", response_model=User, operation_id="updateUser")
async def update(changes: ProfileChanges, write: WriteDep, preconditions: PreconditionsDep) -> Response:
    """Change the fields of the caller's profile that the body gives; the others, and those that are null, stay."""
    return write_response(write.services.users.update(write.request, changes, preconditions))


@router.patch("", response_model=User, operation_id="patchUser", openapi_extra=_MERGE_PATCH_BODY)
async def patch(changes: ProfilePatch, write: WriteDep, preconditions: PreconditionsDep) -> Response:
    """Change the fields that the body gives (JSON Merge Patch, RFC 7396): null clears the name and sets
    UTC as the time zone, the others stay."""
    return write_response(write.services.users.update(write.request, changes, preconditions))


@router.delete("", status_code=204, response_class=Response, operation_id="eraseUser")
async def erase(write: WriteDep, preconditions: PreconditionsDep) -> Response:
    """Erase the caller: profile, tasks, figures, and what analytics know of them.

    Sending it again does no harm, whatever its `Idempotency-Key`. The sign-in stays: Cognito deletes it at its owner's
    word.
    """
    write.services.erasure.erase(write.request, preconditions)
    return Response(status_code=204)
