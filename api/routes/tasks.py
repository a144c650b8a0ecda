"""/api/v1/tasks"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import (
    CreateDep,
    PreconditionsDep,
    ReadDep,
    TaskIdInPath,
    UntaggedPreconditionsDep,
    WriteDep,
)
from api.models.task import NewTask, Task, TaskChanges, TaskUpdate
from api.models.task_query import TaskQuery
from api.routes.json_route import MERGE_PATCH, JsonRoute
from api.routes.responses import json_response, write_response
from api.services.preconditions import task_tag

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=JsonRoute)

_MERGE_PATCH_BODY = {
    "requestBody": {"content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/TaskChanges"}}}}
}


@router.post("", status_code=201, response_model=Task, operation_id="createTask")
async def create(new: NewTask, write: CreateDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """Create a task."""
    return write_response(write.services.tasks.create(write.request, new, preconditions))


@router.get("", response_model=list[Task], operation_id="listTasks")
async def page(
    query: Annotated[TaskQuery, Query()],
    read: ReadDep,
    preconditions: UntaggedPreconditionsDep,
) -> Response:
    """List tasks, newest first unless `sort` says otherwise. When there may be more, `Link` has the next page's
    address, relative to this one's."""
    listed = read.services.lists.page(read.caller, query, read.request_id)
    headers = {}
    if listed.cursor:
        paging = {"limit": query.limit, "cursor": listed.cursor}
        next_query = urlencode({**query.given_parameters(), **paging}, doseq=True)
        headers["Link"] = f'<?{next_query}>; rel="next"'
    return json_response(listed.body, preconditions, headers=headers)


@router.get("/{task_id}", response_model=Task, operation_id="getTask")
async def get(
    task_id: TaskIdInPath,
    read: ReadDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Read a task."""
    task = read.services.tasks.get(read.caller, task_id, read.request_id)
    return json_response(task.model_dump_json(), preconditions, tag=task_tag(task.version))


@router.put("/{task_id}", response_model=Task, operation_id="updateTask")
async def update(
    task_id: TaskIdInPath,
    changes: TaskUpdate,
    write: WriteDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Change the fields that the body gives; the others, and those that are null, stay."""
    return write_response(write.services.tasks.update(write.request, task_id, changes, preconditions))


@router.patch("/{task_id}", response_model=Task, operation_id="patchTask", openapi_extra=_MERGE_PATCH_BODY)
async def patch(
    task_id: TaskIdInPath,
    changes: TaskChanges,
    write: WriteDep,
    preconditions: PreconditionsDep,
) -> Response:
    """Change the fields that the body gives (JSON Merge Patch, RFC 7396): null clears a field, the others stay."""
    return write_response(write.services.tasks.update(write.request, task_id, changes, preconditions))


@router.delete("/{task_id}", status_code=204, response_class=Response, operation_id="deleteTask")
async def delete(task_id: TaskIdInPath, write: WriteDep, preconditions: PreconditionsDep) -> Response:
    """Delete a task; for 30 days it can be restored."""
    return write_response(write.services.tasks.delete(write.request, task_id, preconditions))


@router.post("/{task_id}/restore", response_model=Task, operation_id="restoreTask")
async def restore(task_id: TaskIdInPath, write: CreateDep, preconditions: PreconditionsDep) -> Response:
    """Undo the deletion of a task. One that is not deleted stays as it is."""
    return write_response(write.services.tasks.restore(write.request, task_id, preconditions))
