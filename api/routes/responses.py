"""JSON that a service has serialized, as a response."""

from collections.abc import Mapping

from fastapi import Response

from api.models.write_result import WriteResult
from api.services.preconditions import Preconditions

_JSON = "application/json"


def json_response(
    body: bytes | str,
    preconditions: Preconditions,
    *,
    tag: str = "",
    headers: Mapping[str, str] | None = None,
    media_type: str = _JSON,
) -> Response:
    """Make the response to a read: 200 with a JSON document, or 304 when the client has it.

    Args:
        body: the document.
        preconditions: of the request.
        tag: the document's entity tag; empty when it has none.
        headers: further headers.
        media_type: of the document.

    Raises:
        PreconditionFailed: `If-Match` is false.
    """
    sent = {**(headers or {}), **({"ETag": tag} if tag else {})}
    if preconditions.is_not_modified(tag):
        return Response(status_code=304, headers=sent)
    return Response(body, media_type=media_type, headers=sent)


def write_response(result: WriteResult) -> Response:
    """Make the response to a write, the first time or again."""
    headers = dict(result.headers)
    if result.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(result.body, status_code=result.status, headers=headers, media_type=_JSON if result.body else None)
