"""/docs and /openapi.json: the reference, for people and for programs.

The document is a file beside the code (`api.reference` writes it): making it anew would take every process some time
and memory for what never changes.
"""

import pathlib

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

_DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "openapi.json"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    # a relative address, so that the page finds the document below any base path
    return get_swagger_ui_html(openapi_url="openapi.json", title="Todo API with Insights")


@router.get("/openapi.json")
async def document() -> Response:
    return Response(_DOCUMENT.read_bytes(), media_type="application/json")
