"""The deployed function that publishes, which cannot make an item of one user's row: FAULT is the user's id."""

import os
from collections.abc import Mapping

from orchestration.publish import handler as real
from orchestration.publish import table
from orchestration.publish.insights import Item, item


def refuse(row: Mapping[str, str]) -> Item:
    """Make no item of this user's row."""
    if row["user_id"] == os.environ["FAULT"]:
        raise ValueError("planted by a simulation")
    return item(row)


table.item = refuse  # type: ignore[attr-defined]  # publishing looks it up by this name
handler = real.handler
