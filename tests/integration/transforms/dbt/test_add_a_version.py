"""docs/how-to/change-a-mart.md, followed word for word: a second version of a mart beside the first."""

import re

import pytest

from infra import ROOT
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

GUIDE = (ROOT / "docs" / "how-to" / "change-a-mart.md").read_text()
((FILE, SQL),) = re.findall(r"^`(models/\S+)`:\n\n```sql\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
KEYS, VERSIONS_OF_UNIT_TEST = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_both_versions_are_built_and_a_reference_means_the_latest(warehouse: Warehouse) -> None:
    warehouse.fill(Population(Shape(users=3, tasks=60, days=20)).rows)
    (warehouse.project / FILE).write_text(SQL)
    properties = warehouse.project / "models" / "marts" / "agg_cycle_time.yml"
    before, columns, after = properties.read_text().partition("    columns:\n")
    after = after.replace("    model: agg_cycle_time\n", "    model: agg_cycle_time\n" + VERSIONS_OF_UNIT_TEST)
    properties.write_text(before + KEYS + columns + after)
    reader = warehouse.project / "models" / "marts" / "agg_reader.sql"
    reader.write_text("select p50_hours from {{ ref('agg_cycle_time') }}\n")
    reader.with_suffix(".yml").write_text(
        "version: 2\nmodels:\n  - name: agg_reader\n    columns: [{name: p50_hours, data_type: double}]\n"
    )

    built = warehouse.dbt("run", "-s", "+agg_cycle_time", "agg_reader")
    assert built.returncode == 0, built.stdout
    tested = warehouse.dbt("build", "-s", "agg_cycle_time")
    assert tested.returncode == 0, tested.stdout

    first, second = (
        warehouse.ask(f"select {median} from {table} order by 1", warehouse.gold)
        for median, table in (("p50_hours", "agg_cycle_time"), ("median_hours", "agg_cycle_time_v2"))
    )
    assert first == second == warehouse.ask("select p50_hours from agg_reader order by 1", warehouse.gold) != []
