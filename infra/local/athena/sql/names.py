"""Names in statements that go by pattern."""

import re

from infra.local.athena.session import Session

NAME = r"[`\"]?([\w-]+)[`\"]?"
DATABASE = rf"(?:[`\"]?awsdatacatalog[`\"]?\.)?{NAME}"
"""`database` or `awsdatacatalog.database`: one group."""
FULL_NAME = rf"(?:{NAME}\.)?(?:{NAME}\.)?{NAME}"
"""`catalog.database.table`: three groups, of which the last is never empty."""


def place_of(session: Session, found: re.Match[str], first: int = 1) -> tuple[str, str]:
    """Database and table of the FULL_NAME whose groups begin at `first`."""
    parts = [part for part in found.groups()[first - 1 : first + 2] if part]
    return session.place(parts[-2] if len(parts) > 1 else "", parts[-1])
