"""/api/v1/tasks"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import (
    TOKEN_SCHEME,
    CreateIntent,
    CurrentUser,
    IfMatch,
    IfNoneMatch,
    RequestId,
    TaskIdInPath,
    TaskListServiceDep,
    TaskServiceDep,
    WriteIntent,
)
from api.models.task import NewTask, Task, TaskChanges
from api.models.task_query import TaskQuery
from api.routes.bodies import MERGE_PATCH, JsonRoute
from api.routes.responses import json, versioned, written

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=JsonRoute, dependencies=[TOKEN_SCHEME])

_MERGE_PATCH_BODY = {
    "requestBody": {"content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/TaskChanges"}}}}
}


@router.post("", status_code=201, response_model=Task, operation_id="createTask")
async def create(new: NewTask, intent: CreateIntent, tasks: TaskServiceDep) -> Response:
    """Create a task."""
    return written(tasks.create(intent, new))


@router.get("", response_model=list[Task], operation_id="listTasks")
async def page(
    query: Annotated[TaskQuery, Query()], caller: CurrentUser, request_id: RequestId, lists: TaskListServiceDep
) -> Response:
    """List tasks, newest first unless `sort` says otherwise. When there may be more, `Link` has the next page's
    address, relative to this one's."""
    listed = lists.page(caller, query, request_id)
    response = json(listed.body)
    if listed.cursor:
        following = urlencode({**query.parameters(), "limit": query.limit, "cursor": listed.cursor})
        response.headers["Link"] = f'<?{following}>; rel="next"'
    return response


@router.get("/{task_id}", response_model=Task, operation_id="getTask")
async def get(
    task_id: TaskIdInPath,
    caller: CurrentUser,
    request_id: RequestId,
    tasks: TaskServiceDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a task."""
    task = tasks.get(caller, task_id, request_id)
    return versioned(task.model_dump_json(), task.version, if_none_match)


@router.put("/{task_id}", response_model=Task, operation_id="updateTask")
async def update(
    task_id: TaskIdInPath,
    changes: TaskChanges,
    intent: WriteIntent,
    tasks: TaskServiceDep,
    if_match: IfMatch = None,
) -> Response:
    """Change the fields that the body names; the others stay."""
    return written(tasks.update(intent, task_id, changes, if_match))


@router.patch("/{task_id}", response_model=Task, operation_id="patchTask", openapi_extra=_MERGE_PATCH_BODY)
async def patch(
    task_id: TaskIdInPath,
    changes: TaskChanges,
    intent: WriteIntent,
    tasks: TaskServiceDep,
    if_match: IfMatch = None,
) -> Response:
    """Change the fields that the body names (JSON Merge Patch, RFC 7396): null clears a field, the others stay."""
    return written(tasks.update(intent, task_id, changes, if_match))


@router.delete("/{task_id}", status_code=204, response_class=Response, operation_id="deleteTask")
async def delete(
    task_id: TaskIdInPath, intent: WriteIntent, tasks: TaskServiceDep, if_match: IfMatch = None
) -> Response:
    """Delete a task; for 30 days it can be restored."""
    return written(tasks.delete(intent, task_id, if_match))


@router.post("/{task_id}/restore", response_model=Task, operation_id="restoreTask")
async def restore(
    task_id: TaskIdInPath, intent: CreateIntent, tasks: TaskServiceDep, if_match: IfMatch = None
) -> Response:
    """Undo the deletion of a task. One that is not deleted stays as it is."""
    return written(tasks.restore(intent, task_id, if_match))
