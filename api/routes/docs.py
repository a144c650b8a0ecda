"""/docs and /openapi.json: the reference, for people and for programs.

The OpenAPI document is a file beside the code (`api.openapi` writes it): making it anew would take every process some
time and memory for what never changes. Swagger UI comes from the pinned package `swagger-ui-bundle-v2`, so the page
needs no other host, and its Content-Security-Policy allows none (ADR 0065).
"""

import pathlib

from fastapi import APIRouter, Response

from api.problems import NotFound
from api.routes.lazy_route import LazyRoute

_DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "openapi.json"
# Addresses are relative to /docs, so that the page finds them below any base path.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Todo API with Insights</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});
"""
# https://www.w3.org/TR/CSP3/: only this origin, nothing inline; pictures may be data URLs
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# the same for everybody, and another only after a release
_ASSET_HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
_SWAGGER_UI = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

router = APIRouter(include_in_schema=False, route_class=LazyRoute)


@router.get("/docs")
async def page() -> Response:
    """The reference as a page: Swagger UI."""
    return Response(_PAGE, media_type="text/html", headers=_PAGE_HEADERS)


@router.get("/docs/{name}")
async def asset(name: str) -> Response:
    """A script or style sheet of the page.

    Raises:
        NotFound: the page has no asset of this name.
    """
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_ASSET_HEADERS)
    if name not in _SWAGGER_UI:
        raise NotFound("There is nothing at this address.")
    from swagger_ui_bundle import swagger_ui_path  # only this route needs it

    content = swagger_ui_path / name
    return Response(content.read_bytes(), media_type=_SWAGGER_UI[name], headers=_ASSET_HEADERS)


@router.get("/openapi.json")
async def document() -> Response:
    """The OpenAPI document."""
    return Response(_DOCUMENT.read_bytes(), media_type="application/json")
