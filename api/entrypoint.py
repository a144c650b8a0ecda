"""The Lambda function `todo-api`: proxy events (payload format 2.0) in, responses out.

The application is built when the module is imported, so that Lambda's initialization (and a SnapStart snapshot) has it.
"""

from mangum import Mangum
from starlette.types import ASGIApp

from api.access_log import AccessLog
from api.application import build
from api.head import HeadAsGet
from api.problems import MEDIA_TYPE
from api.settings import Settings


def adapt(app: ASGIApp) -> Mangum:
    """An ASGI application as a Lambda handler."""
    # a media type that is not listed as text would be answered in base64
    return Mangum(AccessLog(HeadAsGet(app)), lifespan="off", text_mime_types=["text/", "application/json", MEDIA_TYPE])


handler = adapt(build(Settings.from_environment()))
