"""/api/v1/webhooks"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import (
    CreateDep,
    PreconditionsDep,
    ReadDep,
    UntaggedPreconditionsDep,
    WebhookIdInPath,
    WriteDep,
)
from api.models.webhook import Delivery, DeliveryQuery, NewWebhook, Webhook, WebhookChanges, WebhookWithSecret
from api.routes.json_route import MERGE_PATCH, JsonRoute
from api.routes.responses import json_response, write_response
from api.services.preconditions import task_tag

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], route_class=JsonRoute)

_MERGE_PATCH_BODY = {
    "requestBody": {"content": {MERGE_PATCH: {"schema": {"$ref": "#/components/schemas/WebhookChanges"}}}}
}


@router.post("", status_code=201, response_model=WebhookWithSecret, operation_id="createWebhook")
async def create(new: NewWebhook, write: CreateDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """Create a webhook: events of the caller's tasks are sent to its address, signed as Standard Webhooks says.

    The response has the secret, and no other response has it again but that to the same `Idempotency-Key`.
    """
    return write_response(write.services.webhooks.create(write.request, new, preconditions))


@router.get("", response_model=list[Webhook], operation_id="listWebhooks")
async def listed(read: ReadDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """List the caller's webhooks, oldest first."""
    return json_response(read.services.webhooks.list_all(read.caller, read.request_id), preconditions)


@router.get("/{webhook_id}", response_model=Webhook, operation_id="getWebhook")
async def get(webhook_id: WebhookIdInPath, read: ReadDep, preconditions: PreconditionsDep) -> Response:
    """Read a webhook. When it was disabled because its receiver failed, `disabled_reason` says how."""
    webhook = read.services.webhooks.get(read.caller, webhook_id, read.request_id)
    return json_response(webhook.model_dump_json(), preconditions, tag=task_tag(webhook.version))


@router.patch("/{webhook_id}", response_model=Webhook, operation_id="patchWebhook", openapi_extra=_MERGE_PATCH_BODY)
async def patch(
    webhook_id: WebhookIdInPath, changes: WebhookChanges, write: WriteDep, preconditions: PreconditionsDep
) -> Response:
    """Change the fields that the body gives (JSON Merge Patch, RFC 7396); `enabled` switches it off and on."""
    return write_response(write.services.webhooks.update(write.request, webhook_id, changes, preconditions))


@router.delete("/{webhook_id}", status_code=204, response_class=Response, operation_id="deleteWebhook")
async def delete(webhook_id: WebhookIdInPath, write: WriteDep, preconditions: PreconditionsDep) -> Response:
    """Delete a webhook; events that wait to be sent to it are dropped."""
    return write_response(write.services.webhooks.delete(write.request, webhook_id, preconditions))


@router.post("/{webhook_id}/test", status_code=202, response_model=Delivery, operation_id="testWebhook")
async def send_test(webhook_id: WebhookIdInPath, write: CreateDep, preconditions: PreconditionsDep) -> Response:
    """Send an event `webhook.test`, once, whether the webhook is enabled or not. `deliveries` says how it went."""
    return write_response(write.services.webhooks.send_test(write.request, webhook_id, preconditions))


@router.post("/{webhook_id}/rotate-secret", response_model=WebhookWithSecret, operation_id="rotateWebhookSecret")
async def rotate(webhook_id: WebhookIdInPath, write: CreateDep, preconditions: PreconditionsDep) -> Response:
    """Give a webhook a new secret. For 24 hours each delivery has two signatures, one with the secret before."""
    return write_response(write.services.webhooks.rotate_secret(write.request, webhook_id, preconditions))


@router.get("/{webhook_id}/deliveries", response_model=list[Delivery], operation_id="listDeliveries")
async def deliveries(
    webhook_id: WebhookIdInPath,
    query: Annotated[DeliveryQuery, Query()],
    read: ReadDep,
    preconditions: UntaggedPreconditionsDep,
) -> Response:
    """List what became of the events of the last seven days, newest first. When there may be more, `Link` has the
    next page's address, relative to this one's."""
    listed = read.services.webhooks.deliveries(read.caller, webhook_id, query, read.request_id)
    headers = {}
    if listed.cursor:
        headers["Link"] = f'<?{urlencode({"limit": query.limit, "cursor": listed.cursor})}>; rel="next"'
    return json_response(listed.body, preconditions, headers=headers)
