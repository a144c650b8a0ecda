"""docs/add-a-model.md, followed word for word."""

import re
import shlex

import pytest

from infra import ROOT
from tests.integration.transforms.dbt.conftest import Warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

GUIDE = (ROOT / "docs" / "add-a-model.md").read_text()
FILES = re.findall(r"^`(models/\S+)`:\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r'^make dbt ARGS="(.*)"$', GUIDE, re.MULTILINE)


def test_the_guide_leads_to_a_tested_table(warehouse: Warehouse) -> None:
    assert [name.rpartition(".")[2] for name, _ in FILES] == ["sql", "yml"]
    silver = Population(Shape(users=3, tasks=60, days=20)).rows
    warehouse.fill(silver)
    built = warehouse.dbt("run", "-s", "+fct_tasks")
    assert built.returncode == 0, built.stdout

    for name, content in FILES:
        (warehouse.project / name).write_text(content)
    outputs = []
    for command in COMMANDS:
        done = warehouse.dbt(*shlex.split(command))
        assert done.returncode == 0, done.stdout
        outputs.append(done.stdout)

    assert [command.split()[0] for command in COMMANDS] == ["build", "show"]
    assert "PASS=3" in outputs[0]  # the unit test, the table and its key
    assert "uncategorized" in outputs[1]
    erased = {user["user_id"] for user in silver["users"] if user["is_deleted"]}
    open_tasks = [
        task
        for task in silver["tasks"]
        if task["status"] in ("pending", "in_progress") and not task["is_deleted"] and task["user_id"] not in erased
    ]
    (total,) = warehouse.ask("select sum(open_tasks) from agg_open_by_category", warehouse.gold)
    assert total == [str(len(open_tasks))]
    assert not (ROOT / "transforms" / "dbt" / FILES[0][0]).exists()
