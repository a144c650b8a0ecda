"""A warehouse that is built again and again while silver changes, and what gold has to hold after each build."""

import collections
import datetime as dt
import json
from typing import Any

from tests.integration.transforms.dbt.changing_silver import ChangingSilver
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Shape
from tests.integration.transforms.dbt.recomputed import marts

SHAPE = Shape(users=10, tasks=70, days=25, requests=60, end=dt.date(2027, 1, 8))
# views show their tables as they are; those that show a day are made anew when the day changes
TABLES = ("--select", "config.materialized:incremental")


class History:
    """A warehouse that follows a silver that changes."""

    def __init__(self, warehouse: Warehouse, seed: int) -> None:
        self.warehouse, self.silver = warehouse, ChangingSilver(SHAPE, seed)
        self.day: dt.date | None = None
        warehouse.parse()

    def build(self, *words: str) -> str:
        """Give silver's rows to the warehouse and build; what dbt printed."""
        self.warehouse.fill(self.silver.rows)
        select = words or (() if self.day != self.silver.as_of else TABLES)
        self.day = self.silver.as_of
        built = self.warehouse.dbt("run", *select, "--vars", json.dumps({"as_of_date": str(self.day)}))
        assert built.returncode == 0, built.stdout
        return built.stdout

    def differences(self) -> dict[str, Any]:
        """By mart, rows that gold alone has and rows that the recomputation alone has."""
        found = {}
        for mart, expected in marts(self.silver.rows, self.silver.as_of).items():
            if mart == "dim_dates":
                continue
            gold, recomputed = (
                collections.Counter(map(comparable, rows)) for rows in (self.warehouse.rows(mart), expected)
            )
            if gold != recomputed:
                found[mart] = [list((gold - recomputed).elements())[:3], list((recomputed - gold).elements())[:3]]
        return found


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        (name, round(value, 6) if isinstance(value, float) else value)
        for name, value in sorted(row.items())
        if name != "merged_at"
    )
