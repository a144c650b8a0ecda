"""The Lambda function `todo-api`: proxy events (payload format 2.0) in, responses out.

The application is built when the module is imported. Where nobody waits for that, because a snapshot is taken
afterwards or because instances start before there are requests, all else is made at import, too; where a request waits,
it is made when it is first used (ADR 0107).
"""

import os

from mangum import Mangum
from starlette.types import ASGIApp

from api.access_log import AccessLog
from api.application import build, prepare
from api.head import HeadAsGet
from api.problems import MEDIA_TYPE
from api.routes.json_route import NDJSON
from api.settings import Settings


def adapt(app: ASGIApp) -> Mangum:
    """An ASGI application as a Lambda handler."""
    # a media type that is not listed as text would be answered in base64
    return Mangum(
        AccessLog(HeadAsGet(app)), lifespan="off", text_mime_types=["text/", "application/json", NDJSON, MEDIA_TYPE]
    )


_app = build(Settings.from_environment())
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("snap-start", "provisioned-concurrency"):
    prepare(_app)
handler = adapt(_app)
