"""The application: settings in, five layers wired together out."""

from fastapi import FastAPI

from api import error_handlers
from api.repositories.dynamodb import dynamodb_client
from api.repositories.erasures import ErasureRepository
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.insights import InsightsRepository
from api.repositories.secrets import CursorKey
from api.repositories.task_lists import TaskLists
from api.repositories.tasks import TaskRepository
from api.repositories.users import UserRepository
from api.routes import batch, changes, docs, health, insights, tasks, users
from api.services.batch import BatchService
from api.services.changes import ChangeFeed
from api.services.cursors import Cursors
from api.services.erasure import ErasureService
from api.services.insights import InsightsService
from api.services.quotas import Quotas
from api.services.task_lists import TaskListService
from api.services.tasks import TaskService
from api.services.users import UserService
from api.settings import Settings

VERSION = "1.1.0"
"""Of the API's contract (Semantic Versioning): 1.0 is the original API's."""


def build(settings: Settings) -> FastAPI:
    """Build the application and its AWS clients; once per process."""
    client, table = dynamodb_client(), settings.table_name
    key = CursorKey(settings.cursor_key_secret_id)
    cursors = Cursors(lambda: key.value)
    records = IdempotencyRepository(client, table)
    task_repository, lists = TaskRepository(table, records), TaskLists(client, table)
    erasures = ErasureRepository(client, table)
    user_service = UserService(UserRepository(table, records), erasures)
    quotas = Quotas(lists, settings.max_tasks, settings.max_gigabytes)

    app = FastAPI(
        title="Todo API with Insights",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # a redirect would make clients drop the token, and its address knows no base path
        redirect_slashes=False,
    )
    app.state.environment = settings.environment
    app.state.users = user_service
    app.state.tasks = TaskService(task_repository, user_service, quotas)
    app.state.lists = TaskListService(lists, user_service, cursors)
    app.state.batches = BatchService(task_repository, user_service, quotas)
    app.state.changes = ChangeFeed(lists, user_service, erasures, cursors)
    app.state.insights = InsightsService(InsightsRepository(client, table), user_service)
    app.state.erasure = ErasureService(erasures, user_service, quotas)
    error_handlers.install(app)
    # batch and changes before tasks, whose paths' parameter would match theirs
    for module in (health, docs, batch, changes, tasks, users, insights):
        app.include_router(module.router)
    return app
