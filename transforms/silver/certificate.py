"""The signed record of an erasure: what was done, when, and what went; it names nobody.

The subject is a keyed hash, so only who has both the key and the identifier can say whose certificate it is. The
signature is HMAC-SHA256 (RFC 2104) over the record as JSON with sorted keys, with the key that hashes e-mail addresses
and a prefix of its own; so it can be checked without any account.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ingestion.bronze_objects import rfc3339

VERSION = 1
_SUBJECT, _RECORD = b"erasure subject v1\0", b"erasure certificate v1\0"


def hash_subject(key: bytes, user_id: str) -> str:
    """The name of a user in certificates."""
    return hmac.new(key, _SUBJECT + user_id.encode(), hashlib.sha256).hexdigest()


def make_certificate(
    key: bytes,
    *,
    user_id: str,
    request_id: str,
    requested_at: datetime,
    erased_at: datetime,
    requests: int,
    counts: Mapping[str, int],
    snapshots: Mapping[str, int],
) -> dict[str, Any]:
    """A signed certificate.

    Args:
        key: of the signature.
        user_id: who was erased.
        request_id: of the request to erase; the certificate has its hash.
        requested_at: when it was made.
        erased_at: when everything had gone.
        requests: how many requests the same run worked off; `counts` are of all of them.
        counts: what went, by kind: items, lines, rows, versions, messages, results.
        snapshots: the snapshot of each table of silver in which nothing of the user is left.
    """
    record = {
        "version": VERSION,
        "subject": hash_subject(key, user_id),
        "request_sha256": hashlib.sha256(request_id.encode()).hexdigest(),
        "requested_at": rfc3339(requested_at),
        "erased_at": rfc3339(erased_at),
        "requests_in_this_run": requests,
        "counts_of_this_run": dict(counts),
        "snapshots": dict(snapshots),
    }
    return {**record, "signature": _sign(key, record)}


def is_genuine(key: bytes, certificate: Mapping[str, Any]) -> bool:
    """Whether a certificate was signed with a key and not altered since."""
    record = {name: value for name, value in certificate.items() if name != "signature"}
    return hmac.compare_digest(str(certificate.get("signature", "")), _sign(key, record))


def _sign(key: bytes, record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, _RECORD + text.encode(), hashlib.sha256).hexdigest()
