"""How commands write times, durations and JSON: the same in every command."""

import datetime as dt
import json
from typing import Any


def now() -> dt.datetime:
    """This instant, in UTC."""
    return dt.datetime.now(dt.UTC)


def format_instant(moment: dt.datetime | None) -> str | None:
    """RFC 3339 in UTC, as every `--json` has it; None stays None."""
    return None if moment is None else format_utc(moment)


def format_utc(moment: dt.datetime) -> str:
    """RFC 3339 in UTC, as the state machine takes it."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def format_duration(seconds: float) -> str:
    """Seconds for people: `0.4 s`, `42 s`, `3 min 20 s`, `1 h 02 min`, `2 d 03 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02} min" if hours < 48 else f"{hours // 24} d {hours % 24:02} h"


def format_age(moment: str, at: dt.datetime) -> str:
    """How long ago an RFC 3339 time was: `42 s ago`, `5 min ago`, `3 h ago`, `2 days ago`.

    Args:
        moment: the time.
        at: the instant to count back from.
    """
    seconds = (at - dt.datetime.fromisoformat(moment)).total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{max(0.0, seconds):.0f} s ago"


def parse_document(text: str | None) -> Any:
    """The value of a JSON document; the text itself when it is not JSON, because history truncates long documents."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def indent_document(text: str) -> str:
    """A JSON document with one member per line; any other text unchanged."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
