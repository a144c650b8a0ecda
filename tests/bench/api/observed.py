"""The Lambda handler, with hands on the AWS clients that it made for itself."""

from typing import Any
from unittest import mock

from botocore.session import Session

from api.settings import Settings
from tests.integration.api.client import Handler


def handler_of(settings: Settings) -> tuple[Handler, list[Any]]:
    """A handler as in a fresh process, and the clients it was built with."""
    # settings first: the module builds a handler of its own
    with mock.patch.dict(
        "os.environ", TABLE_NAME=settings.table_name, CURSOR_KEY_SECRET_ID=settings.cursor_key_secret_id
    ):
        from api.application import build
        from api.entrypoint import adapt
    clients: list[Any] = []
    create = Session.create_client

    def keep(session: Session, *arguments: Any, **named: Any) -> Any:
        clients.append(create(session, *arguments, **named))
        return clients[-1]

    with mock.patch.object(Session, "create_client", keep):
        handler: Handler = adapt(build(settings))
    return handler, clients
