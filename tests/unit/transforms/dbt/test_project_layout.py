"""The dbt project keeps its own rules: what every model says about itself, and what gold's kept tables look like."""

import pathlib
import re
from typing import Any

import pytest
import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[4] / "transforms" / "dbt"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
MARTS = sorted((PROJECT / "models" / "marts").glob("*.sql"))
# what a model may have before its SQL begins: tags and comments of Jinja
JINJA = re.compile(r"\{%-? set \w+ -?%\}.*?\{%-? endset -?%\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
VERSION = re.compile(r"_v\d+$")
BRANCHES = ("case ", "case\n", "coalesce(", "count_if(", "nearest_rank(", "lag(", "left join", "full outer join")
KEPT = {
    "user_analytics": ["user_id", "email", "name", "first_seen", "last_updated", "total_events", "max_event_types"],
    "task_analytics_user_metrics": [
        "user_id",
        "total_tasks",
        "completed_tasks",
        "pending_tasks",
        "in_progress_tasks",
        "first_task_date",
        "last_task_date",
    ],
    "task_analytics_category_trends": ["category", "total_tasks", "completed_tasks"],
    "business_metrics_kpis": ["metric", "value"],
}


def properties(model: pathlib.Path) -> dict[str, Any]:
    """What the file beside a model says about it; versions of a model share it."""
    (found,) = yaml.safe_load(model.with_name(f"{VERSION.sub('', model.stem)}.yml").read_text())["models"]
    assert isinstance(found, dict)
    return found


def has_unit_test(model: pathlib.Path) -> bool:
    return "unit_tests" in yaml.safe_load(model.with_name(f"{VERSION.sub('', model.stem)}.yml").read_text())


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_begins_its_description_with_its_grain(model: pathlib.Path) -> None:
    model_properties = properties(model)
    assert model_properties["name"] == VERSION.sub("", model.stem)
    assert model_properties["description"].startswith("One row per ")


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_describes_and_types_every_column(model: pathlib.Path) -> None:
    for column in properties(model)["columns"]:
        assert column.get("description"), column["name"]
        assert column.get("data_type"), column["name"]


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_tests_its_primary_key(model: pathlib.Path) -> None:
    model_properties = properties(model)
    (key,) = [
        test["primary_key"]["arguments"]["columns"] for test in model_properties["data_tests"] if "primary_key" in test
    ]
    assert set(key) <= {column["name"] for column in model_properties["columns"]}


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_with_branches_has_a_unit_test(model: pathlib.Path) -> None:
    sql = model.read_text()
    assert has_unit_test(model) or not any(word in sql for word in BRANCHES)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_is_common_table_expressions_and_one_select(model: pathlib.Path) -> None:
    before, _, sql = model.read_text().partition("with\n\n")
    assert not JINJA.sub("", before).strip()
    last = sql.rsplit("\n)\n\n", 1)[-1]
    assert last.startswith("select")
    assert "(" not in last


def test_a_snapshot_says_its_grain_and_describes_types_and_tests_its_columns() -> None:
    for path in (PROJECT / "snapshots").glob("*.yml"):
        (snapshot,) = yaml.safe_load(path.read_text())["snapshots"]
        assert snapshot["name"] == path.stem
        assert snapshot["description"].startswith("One row per ")
        columns = {column["name"] for column in snapshot["columns"] if column["description"] and column["data_type"]}
        assert {"dbt_scd_id", "dbt_valid_from", "dbt_valid_to", "dbt_updated_at"} <= columns
        assert columns == {column["name"] for column in snapshot["columns"]}
        (test,) = snapshot["data_tests"]
        assert set(test["primary_key"]["arguments"]["columns"]) <= columns


@pytest.mark.parametrize("name", KEPT)
def test_a_table_kept_from_the_original_has_exactly_its_columns(name: str) -> None:
    model = PROJECT / "models" / "marts" / f"{name}.sql"
    assert [column["name"] for column in properties(model)["columns"]] == KEPT[name]


def test_marts_hold_their_contracts() -> None:
    configured = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["models"]["todo_insights"]["marts"]
    assert configured["+contract"] == {"enforced": True}
    for model in MARTS:
        assert "contract" not in model.read_text()


def test_no_model_reads_words_that_users_wrote() -> None:
    for model in MODELS:
        for private in ("title", "description", "email_hash"):
            assert private not in model.read_text(), model.stem


def test_only_staging_reads_silver() -> None:
    for model in MODELS:
        assert ("source(" in model.read_text()) == model.stem.startswith("stg_"), model.stem


def test_the_build_installs_the_versions_that_are_tested() -> None:
    def pins(lock: pathlib.Path) -> set[str]:
        return {line.split()[0] for line in lock.read_text().splitlines() if "==" in line and not line.startswith(" ")}

    of_dbt = pins(PROJECT / "requirements.lock")
    assert any(pin.startswith("dbt-core==") for pin in of_dbt)
    assert of_dbt <= pins(PROJECT.parents[1] / "requirements.lock")
