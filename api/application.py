"""The application: settings in, five layers wired together out."""

from fastapi import FastAPI

from api import error_handlers
from api.dependencies import Services
from api.models.model import Model
from api.repositories.dynamodb import dynamodb_client
from api.repositories.erasures import ErasureRepository
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.insights import InsightsRepository
from api.repositories.secrets import CursorKey
from api.repositories.task_lists import TaskLists
from api.repositories.tasks import TaskRepository
from api.repositories.users import UserRepository
from api.routes import batch, changes, docs, health, insights, tasks, users
from api.routes.lazy_route import LazyRoute
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
    app.state.dynamodb = client
    app.state.services = Services(
        users=user_service,
        tasks=TaskService(task_repository, user_service, quotas),
        lists=TaskListService(lists, user_service, cursors),
        batches=BatchService(task_repository, user_service, quotas),
        changes=ChangeFeed(lists, user_service, erasures, cursors),
        insights=InsightsService(InsightsRepository(client, table), user_service),
        erasure=ErasureService(erasures, user_service, quotas),
    )
    error_handlers.install(app)
    # batch and changes before tasks, whose paths' parameter would match theirs; what is seldom requested at the end
    for module in (batch, changes, tasks, users, insights, health, docs):
        # `include_router` would analyse every route once more
        app.router.routes += module.router.routes
    return app


def prepare(app: FastAPI) -> None:
    """Make all that would be made when it is first used: routes, validators, the DynamoDB client (ADR 0107)."""
    Model.prepare()
    for route in app.routes:
        if isinstance(route, LazyRoute):
            route.prepare()
    _ = app.state.dynamodb.meta
