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
LATELY = dt.timedelta(hours=3)
# views show their tables as they are; those that show a day are made anew when the day changes
TABLES = ("--select", "config.materialized:incremental")


class History:
    """A warehouse that follows a silver that changes."""

    def __init__(self, warehouse: Warehouse, seed: int) -> None:
        self.warehouse, self.silver = warehouse, ChangingSilver(SHAPE, seed)
        self.day: dt.date | None = None
        self.builds = 0
        warehouse.parse()

    def build(self, *words: str, lately: bool = False) -> str:
        """Give silver's rows to the warehouse and build; what dbt printed.

        Args:
            words: further arguments of `dbt run`.
            lately: build as the pipeline does after the first build of a day, which looks at what changed since then.
        """
        self.warehouse.fill(self.silver.rows)
        since = f"{self.silver.merged_at - LATELY:%Y-%m-%d %H:%M:%S}" if lately else ""
        self.warehouse.environment["DBT_CHANGED_SINCE"] = since
        select = words or (() if self.day != self.silver.as_of else TABLES)
        self.day = self.silver.as_of
        # changed users are listed in the statement or, when they are many, looked up by it: both by turns
        self.builds += 1
        variables = {"as_of_date": str(self.day), "max_listed_users": 1000 * (self.builds % 2)}
        built = self.warehouse.dbt("run", *select, "--vars", json.dumps(variables))
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
    return tuple((name, _as_shown(value)) for name, value in sorted(row.items()) if name != "merged_at")


def _as_shown(value: Any) -> Any:
    """A value as a result of Athena has it: an array is text there."""
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return round(value, 6) if isinstance(value, float) else value
