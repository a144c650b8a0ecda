"""The line with which a failed dbt run says what failed."""

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from transforms.dbt.failed_nodes import LONGEST_LINE, error, failed_nodes

SCRIPT = pathlib.Path(__file__).resolve().parents[4] / "transforms" / "dbt" / "failed_nodes.py"


def result(node: str, status: str, message: str | None = None) -> dict[str, Any]:
    return {"unique_id": node, "status": status, "message": message}


def test_failed_models_and_tests_are_named_with_their_reasons() -> None:
    line = failed_nodes(
        {
            "results": [
                result("model.todo_insights.stg_users", "success", "OK 0"),
                result("model.todo_insights.user_analytics", "error", "Runtime Error in model\n  no such column"),
                result("test.todo_insights.unique_users_id.4f2a", "fail", "Got 2 results, configured to fail if != 0"),
                result("test.todo_insights.not_null_x.77aa", "skipped"),
                result("unit_test.todo_insights.kpis.kpis_count", "fail", "actual differs from expected"),
            ]
        }
    )
    assert line == (
        "model user_analytics: Runtime Error in model no such column; "
        "test unique_users_id: Got 2 results, configured to fail if != 0; "
        "unit test kpis.kpis_count: actual differs from expected"
    )


def test_warnings_and_successes_are_no_failures() -> None:
    results = [
        result("test.p.a.1", "pass"),
        result("test.p.b.2", "warn", "Got 1 result"),
        result("model.p.c", "success"),
    ]
    assert failed_nodes({"results": results}) == ""


def test_the_words_of_dbt_about_itself_are_left_out() -> None:
    message = (
        "Compilation Error in model kpis (models/marts/kpis.sql)\n  This model has an enforced contract that failed.\n"
        "  > in macro assert_columns_equivalent (macros/relations/column/columns_spec_ddl.sql)"
    )
    line = failed_nodes({"results": [result("model.p.kpis", "error", message)]})
    assert line == "model kpis: This model has an enforced contract that failed."


def test_many_failures_still_fit_into_one_variable() -> None:
    line = failed_nodes({"results": [result(f"test.p.t{n}.h", "fail", "x" * 500) for n in range(50)]})
    assert len(line) == LONGEST_LINE
    assert line.startswith("test t0: xxx")


def test_a_run_that_never_began_is_distinguished_from_one_that_went_well(tmp_path: pathlib.Path) -> None:
    def run_script(folder: pathlib.Path, *options: str) -> str:
        ran = subprocess.run([sys.executable, SCRIPT, *options, folder], capture_output=True, text=True, check=True)
        return ran.stdout.strip()

    good = tmp_path / "run_results.json"
    good.write_text(json.dumps({"results": [result("model.p.a", "success")]}))
    assert (run_script(tmp_path), run_script(tmp_path, "--error")) == ("", "")
    assert "stopped before" in run_script(tmp_path / "missing")
    assert run_script(tmp_path / "missing", "--error") == "DbtStopped"


def test_a_source_that_cannot_be_read_is_a_failure_of_silver_and_a_stale_one_is_none(tmp_path: pathlib.Path) -> None:
    unreadable = {
        "unique_id": "source.todo_insights.silver.task_events",
        "status": "runtime error",
        "error": "TABLE_NOT_FOUND: Table 'awsdatacatalog.todo_silver.task_events' does not exist",
    }
    stale = {"unique_id": "source.todo_insights.silver.task_events", "status": "warn"}
    (tmp_path / "sources.json").write_text(json.dumps({"results": [stale, unreadable]}))
    ran = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().startswith("source silver.task_events: TABLE_NOT_FOUND")
    assert error({"results": [unreadable]}) == "SilverTestFailed"
    assert error({"results": [stale]}) == ""


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([], ""),
        (["test.p.unique_a.1"], "DbtTestFailed"),
        (["unit_test.p.a.b"], "DbtTestFailed"),
        (["test.p.unique_a.1", "model.p.a"], "DbtModelFailed"),
        (["snapshot.p.a"], "DbtModelFailed"),
        (["test.p.source_unique_silver_tasks_task_id.1"], "SilverTestFailed"),
        (["model.p.a", "test.p.source_unique_silver_tasks_task_id.1"], "SilverTestFailed"),
    ],
)
def test_the_kind_of_failure_is_one_word(nodes: list[str], word: str) -> None:
    assert error({"results": [result(node, "error") for node in nodes]}) == word
