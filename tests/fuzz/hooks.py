"""What Schemathesis has to know of this API beyond its document."""

import re
import uuid
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

KEY = "Idempotency-Key"
VALID_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Each request is one of its own: under the key of another it would get that one's answer, or a rightful refusal.

    Schemathesis takes an empty header for a valid one of any pattern; an empty list of entity tags is none (RFC 9110).
    """
    del context, kwargs
    headers = case.headers or {}
    if isinstance(headers.get(KEY), str) and VALID_KEY.fullmatch(headers[KEY]):
        headers[KEY] = str(uuid.uuid4())
    if case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE:
        for name in ("If-Match", "If-None-Match"):
            if headers.get(name) == "":
                del headers[name]
