"""The deployed function that transforms request logs, which can read none of them: its own code around one fault."""

from typing import NoReturn

from ingestion.logs import handler as real
from ingestion.logs.transform import BadDocumentError


def refuse(_document: bytes) -> NoReturn:
    """Read no document."""
    raise BadDocumentError("planted by a simulation")


real.extract = refuse  # type: ignore[attr-defined, assignment]  # the handler looks it up by this name
handler = real.handler
