"""The application: settings in, five layers wired together out."""

from fastapi import FastAPI

from api import error_handlers
from api.repositories.dynamodb import dynamodb_client
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.secrets import CursorKey
from api.repositories.tasks import TaskRepository
from api.repositories.users import UserRepository
from api.routes import docs, health, tasks, users
from api.services.cursors import Cursors
from api.services.tasks import TaskService
from api.services.users import UserService
from api.settings import Settings


def build(settings: Settings) -> FastAPI:
    """Build the application and its AWS clients; once per process."""
    client = dynamodb_client()
    key = CursorKey(settings.cursor_key_secret_id)
    user_service = UserService(UserRepository(client, settings.table_name))
    records = IdempotencyRepository(settings.table_name)
    task_repository = TaskRepository(client, settings.table_name, records)

    app = FastAPI(
        title="Todo API with Insights",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # a redirect would make clients drop the token, and its address knows no base path
        redirect_slashes=False,
        servers=[{"url": "."}],
    )
    app.state.users = user_service
    app.state.tasks = TaskService(task_repository, user_service, Cursors(lambda: key.value))
    error_handlers.install(app)
    for module in (health, docs, tasks, users):
        app.include_router(module.router)
    return app
