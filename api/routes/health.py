"""/health"""

from fastapi import APIRouter, Request

from api.models.health import Health
from api.routes.lazy_route import LazyRoute

router = APIRouter(tags=["health"], route_class=LazyRoute)


@router.get("/health", operation_id="getHealth")
async def health(request: Request) -> Health:
    """Whether the function answers, which version of the API it is, and in which environment it runs."""
    return Health(status="ok", version=request.app.version, environment=request.app.state.environment)
