"""The application: settings in, five layers wired together out."""

from fastapi import FastAPI

from api import error_handlers
from api.dependencies import Services
from api.models.model import Model
from api.repositories.counts import CountsRepository
from api.repositories.dynamodb import dynamodb_client
from api.repositories.erasures import ErasureRepository
from api.repositories.idempotency import IdempotencyRepository
from api.repositories.insights import InsightsRepository
from api.repositories.rate_limits import RateLimitRepository
from api.repositories.secrets import SecretKey
from api.repositories.task_lists import TaskLists
from api.repositories.tasks import TaskRepository
from api.repositories.transfers import TransferRepository
from api.repositories.users import UserRepository
from api.repositories.webhooks import WebhookRepository
from api.routes import batch, changes, counts, docs, health, insights, tasks, transfer, users, webhooks
from api.routes.lazy_route import LazyRoute
from api.services.batch import BatchService
from api.services.changes import ChangeFeed
from api.services.counts import CountsService
from api.services.cursors import Cursors
from api.services.erasure import ErasureService
from api.services.exports import ExportService
from api.services.imported_ids import ImportedIds
from api.services.imports import ImportService
from api.services.insights import InsightsService
from api.services.quotas import Quotas
from api.services.rate_limits import RateLimits
from api.services.task_lists import TaskListService
from api.services.tasks import TaskService
from api.services.users import UserService
from api.services.webhooks import WebhookService
from api.settings import Settings

VERSION = "1.1.0"
"""Of the API's contract (Semantic Versioning): 1.0 is the original API's."""


def build(settings: Settings) -> FastAPI:
    """Build the application and its AWS clients; once per process."""
    client, table = dynamodb_client(), settings.table_name
    key, webhook_key = SecretKey(settings.cursor_key_secret_id), SecretKey(settings.webhook_key_secret_id)
    cursors = Cursors(lambda: key.value)
    records = IdempotencyRepository(client, table)
    task_repository, lists = TaskRepository(table, records), TaskLists(client, table)
    erasures = ErasureRepository(client, table)
    user_service = UserService(UserRepository(table, records), erasures)
    webhooks_repository, transfers = WebhookRepository(client, table, records), TransferRepository(client, table)
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
    app.state.rate_limits = RateLimits(RateLimitRepository(client, table), settings.requests_per_minute)
    imported_ids = ImportedIds(lambda: webhook_key.value)
    counts_service = CountsService(CountsRepository(client, table), user_service)
    app.state.services = Services(
        users=user_service,
        tasks=TaskService(task_repository, user_service, quotas),
        lists=TaskListService(lists, user_service, cursors),
        batches=BatchService(task_repository, user_service, quotas),
        changes=ChangeFeed(lists, user_service, erasures, cursors),
        counts=counts_service,
        insights=InsightsService(InsightsRepository(client, table), user_service),
        erasure=ErasureService(erasures, user_service, quotas),
        webhooks=WebhookService(
            webhooks_repository,
            user_service,
            cursors,
            lambda: webhook_key.value,
            settings.private_webhook_targets,
        ),
        exports=ExportService(transfers, user_service, cursors, imported_ids),
        imports=ImportService(
            transfers,
            task_repository,
            webhooks_repository,
            user_service,
            quotas,
            counts_service,
            erasures,
            imported_ids,
        ),
    )
    error_handlers.install(app)
    # those whose paths that of a task would match before tasks; what is seldom requested at the end
    for module in (batch, changes, counts, tasks, users, insights, webhooks, transfer, health, docs):
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
