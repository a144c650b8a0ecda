"""Keys and values that differ between two tables, and the report of it."""

import json
import pathlib

import pytest

from infra.local.athena import session
from tests.unit.transforms.bi.test_recomputed_figures import answer
from transforms.impact.consumers import Reached
from transforms.impact.data_diff import Change, Difference, compare
from transforms.impact.manifest import Model, read_manifest
from transforms.impact.report import MOST_CHARACTERS, price, write_report

KINDS = {"task_id": "varchar", "status": "varchar", "labels": "array(varchar)", "merged_at": "timestamp(6)"}
BEFORE = Model("tasks", "gold", KINDS, ("task_id",))
AFTER = Model("tasks", "mine", KINDS | {"size": "bigint"}, ("task_id",))
NOBODY = Reached({}, {}, (), (), cloudwatch=False)


def difference(before: Model | None, after: Model) -> Difference:
    with session.connection() as connection:
        connection.execute("create schema gold; create schema mine")
        connection.execute(
            "create table gold.tasks as select * from (values ('a', 'open', ['x'], 1), ('b', null, ['x'], 1),"
            " ('c', 'open', null, 1))"
            " as tasks (task_id, status, labels, merged_at)"
        )
        connection.execute(
            "create table mine.tasks as select * from (values ('a', 'done', ['x'], 2, 7), ('b', 'open', ['y'], 2, 7),"
            " ('d', 'open', null, 2, 7), ('e', 'open', null, 2, 7)) as tasks (task_id, status, labels, merged_at, size)"
        )
        return compare(before, after, lambda sql: answer(connection, sql)[1])


def test_rows_keys_and_values_are_compared() -> None:
    assert difference(BEFORE, AFTER) == Difference(
        before=3,
        after=4,
        added=2,
        removed=1,
        columns={"status": Change(2, "a: open → done"), "labels": Change(1, 'b: ["x"] → ["y"]')},
        new_columns=("size",),
    )


def test_a_new_model_has_nothing_to_compare_with() -> None:
    assert difference(None, AFTER) == Difference(None, 4, new_columns=tuple(AFTER.columns))


def test_rows_that_are_kept_by_run_are_counted_only() -> None:
    by_run = Model("tasks", "mine", KINDS, ("task_id", "merged_at"))
    assert difference(BEFORE, by_run) == Difference(3, 4)


def test_the_report_names_what_differs_and_who_is_reached() -> None:
    reached = Reached(
        {"fct_tasks": frozenset({"category"})},
        {"oldest_open_tasks": frozenset({"category"})},
        ("work: oldest_open_tasks",),
        ("by_category", "other_categories"),
        cloudwatch=True,
        tests=("assert_totals_agree_across_marts",),
    )
    report = write_report({"tasks": difference(BEFORE, AFTER)}, {"tasks": 12_000_000}, reached).splitlines()
    assert "| `tasks` | 3 | 4 | 2 | 1 | 3 | 12,000,000 bytes | $0.00006 |" in report
    assert "- `tasks.status`: 2 rows, such as `a: open → done`" in report
    assert "- `tasks.size` is new" in report
    assert "**Saved queries** (1): The oldest open tasks (category)" in report
    assert "**Fields of `GET /api/v1/insights`** (2): `by_category`, `other_categories`" in report
    assert "**CloudWatch** (1): metrics of `business_metrics_kpis`" in report


def test_a_report_fits_a_comment() -> None:
    many = {f"model_{number:05}": Difference(1, 1, 0, 0) for number in range(2000)}
    assert len(write_report(many, {}, NOBODY)) < MOST_CHARACTERS + 10
    assert write_report({}, {}, NOBODY).endswith("No model changes.\n")


@pytest.mark.parametrize(("scanned", "usd"), [(0, 0), (1, 0.00005), (12_500_001, 0.000065)])
def test_a_statement_costs_ten_megabytes_at_least(scanned: int, usd: float) -> None:
    assert price(scanned) == pytest.approx(usd)


def test_a_manifest_gives_models_keys_and_tests(tmp_path: pathlib.Path) -> None:
    def model(name: str, sql: str, *columns: str, kind: str = "model") -> dict[str, object]:
        described = {column: {"data_type": "varchar"} for column in columns}
        return {
            "name": name,
            "alias": name,
            "resource_type": kind,
            "schema": "gold",
            "compiled_code": sql,
            "columns": described,
        }

    test: dict[str, object] = {"name": "pk", "resource_type": "test", "attached_node": "model.p.b", "column_name": None}
    test |= {
        "depends_on": {"nodes": ["model.p.b"]},
        "test_metadata": {"name": "primary_key", "kwargs": {"columns": ["id"]}},
    }
    manifest = {
        "nodes": {
            "model.p.a": model("a", 'select x as id, y from "cat"."silver"."source"', "id", "y"),
            "model.p.b": model("b", 'select id from "cat"."gold"."a"', "id"),
            "snapshot.p.c": model("c", 'select * from "cat"."gold"."a"', "id", "y", "dbt_valid_to", kind="snapshot"),
            "test.p.pk": test,
        },
        "sources": {"source.p.s": {"name": "source", "columns": {"x": {}, "y": {}}}},
        "unit_tests": {"unit_test.p.b": {"name": "b_does", "model": "b"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    compiled = read_manifest(tmp_path / "manifest.json")
    assert compiled.models["b"].key == ("id",)
    reached = compiled.project.reach({"a": frozenset({"id"})}, compiled.tests)
    assert (set(reached.models), reached.tests) == ({"a", "b", "c"}, ("pk",))
    assert reached.models["c"] == {"id"}
    assert compiled.project.reach({"a": frozenset({"y"})}, compiled.tests).tests == ()
    assert compiled.project.reach({"b": frozenset({"id"})}, compiled.tests).tests == ("b_does", "pk")
