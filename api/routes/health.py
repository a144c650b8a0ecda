"""/health"""

from fastapi import APIRouter

from api.models.health import Health

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="getHealth")
async def health() -> Health:
    """Whether the function answers."""
    return Health()
