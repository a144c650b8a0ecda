"""/docs and /openapi.json: the reference, for people and for programs."""

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    # a relative address, so that the page finds the document below any base path
    return get_swagger_ui_html(openapi_url="openapi.json", title="Todo API with Insights")


# the framework's own route is none that the access log could name
@router.get("/openapi.json")
async def document(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())
