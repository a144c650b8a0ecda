"""The Lambda handler, with hands on the DynamoDB client that it made for itself."""

from typing import Any
from unittest import mock

from api.settings import Settings
from tests.integration.api.client import Handler


def handler_of(settings: Settings) -> tuple[Handler, Any]:
    """A handler as in a fresh process, and the client it was built with."""
    # settings first: the module builds a handler of its own
    with mock.patch.dict(
        "os.environ", TABLE_NAME=settings.table_name, CURSOR_KEY_SECRET_ID=settings.cursor_key_secret_id
    ):
        from api.application import build
        from api.entrypoint import adapt
    app = build(settings)
    handler: Handler = adapt(app)
    return handler, app.state.dynamodb
