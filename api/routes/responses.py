"""JSON that a service has serialized, as a response."""

from collections.abc import Mapping

from fastapi import Response

from api.models.answer import Answer
from api.services.preconditions import entity_tag, is_known

_JSON = "application/json"


def json(body: bytes | str, headers: Mapping[str, str] | None = None) -> Response:
    """200 with a JSON document."""
    return Response(body, media_type=_JSON, headers=headers)


def versioned(body: bytes | str, version: int, if_none_match: str | None) -> Response:
    """A document with its entity tag; 304 when the client has this version."""
    headers = {"ETag": entity_tag(version)}
    if is_known(if_none_match, version):
        return Response(status_code=304, headers=headers)
    return json(body, headers)


def written(answer: Answer) -> Response:
    """What a write answered, now or the first time."""
    headers = dict(answer.headers)
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=_JSON if answer.body else None)
