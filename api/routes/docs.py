"""/docs: the interactive reference."""

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    # a relative address, so that the page finds the document below any base path
    return get_swagger_ui_html(openapi_url="openapi.json", title="Todo API with Insights")
