"""/api/v1/export and /api/v1/import"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.dependencies import ReadDep, UntaggedPreconditionsDep, WriteDep
from api.models.transfer import ExportQuery, ImportLines, ImportResult
from api.routes.json_route import NDJSON, JsonRoute, LinesRoute
from api.routes.responses import json_response

router = APIRouter(prefix="/api/v1", tags=["users"])

# generators of clients take it for a file
_LINES = {"requestBody": {"content": {NDJSON: {"schema": {"type": "string", "format": "binary"}}}}}
_PAGE = {200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "description": "Lines of JSON."}}


async def export(
    query: Annotated[ExportQuery, Query()], read: ReadDep, preconditions: UntaggedPreconditionsDep
) -> Response:
    """Export everything that is stored of the caller, as lines of JSON: profile, figures, webhooks without their
    secrets, deliveries, and tasks, deleted ones too. When there is more, `Link` has the next page's address."""
    page = read.services.exports.page(read.caller, query, read.request_id)
    headers = {"Link": f'<?{urlencode({"cursor": page.cursor})}>; rel="next"'} if page.cursor else {}
    return json_response(page.body, preconditions, headers=headers, media_type=NDJSON)


async def import_lines(lines: ImportLines, write: WriteDep, preconditions: UntaggedPreconditionsDep) -> Response:
    """Import lines of an export, 200 at most: profile, tasks and webhooks; other lines are left out.

    Sending them again changes nothing, so no `Idempotency-Key` is needed. What is newer here stays. Tasks keep ids,
    times and versions; a webhook gets a new secret and is disabled.
    """
    body = write.services.imports.run(write.request, lines, preconditions)
    return Response(body, media_type="application/json")


router.routes += [
    JsonRoute(
        "/api/v1/export",
        export,
        methods=["GET"],
        tags=["users"],
        response_class=Response,
        responses=_PAGE,
        operation_id="exportData",
    ),
    LinesRoute(
        "/api/v1/import",
        import_lines,
        methods=["POST"],
        tags=["users"],
        response_model=ImportResult,
        operation_id="importData",
        openapi_extra=_LINES,
    ),
]
