"""What the quarantine queue of change capture holds: one record of the table's stream a message."""

import json
from typing import Any

from ingestion.cdc.quarantine import MESSAGE_VERSION, Quarantined
from ingestion.replay.run import UnresolvedError


def parse(body: str) -> Quarantined:
    """The record in a message.

    Raises:
        UnresolvedError: there is none.
    """
    try:
        message: Any = json.loads(body)
        known = message["quarantine_version"] == MESSAGE_VERSION
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UnresolvedError("no quarantined record")
    missing = Quarantined.__annotations__.keys() - message.keys()
    if missing:
        raise UnresolvedError(f"a quarantine message without {', '.join(sorted(missing))}")
    quarantined: Quarantined = message
    return quarantined
