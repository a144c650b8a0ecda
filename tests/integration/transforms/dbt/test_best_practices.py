"""The project keeps the rules of dbt-project-evaluator, but for the exceptions of one table, each with its reason."""

import copy
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.dbt_project import copy_project, dbt_variables
from tests.integration.transforms.dbt.best_practices import violations
from tests.integration.transforms.dbt.conftest import run_dbt

pytestmark = pytest.mark.slow

Manifest = dict[str, Any]
EXCEPTIONS = (
    # rule, resources, reason
    ("root_models", "dim_dates", "a calendar is computed, not read"),
    ("model_naming_conventions", "business_metrics_kpis", "kept from the original, with its name"),
    ("model_naming_conventions", "task_analytics_*", "kept from the original, with its name"),
    ("model_naming_conventions", "user_analytics", "kept from the original, with its name"),
    ("model_naming_conventions", "user_insights", "named after the route that serves it"),
    ("model_directories", "stg_*", "six models of two sources need one folder"),
    ("source_directories", "*", "as above; silver's file is generated"),
    ("model_fanout", "fct_tasks", "marts that people know count the same tasks; one each is what they are for"),
    ("model_fanout", "int_kept_events", "as above: each mart adds the events up in its own way"),
    ("too_many_joins", "user_insights", "the rule counts models that are read; one row per user unites them"),
    ("rejoining_of_upstream_concepts", "live_kpis", "what is between is a view for people, not a step"),
    (
        "exposure_parents_materializations",
        "*",
        "gold's marts are views of incremental tables, so that nothing is kept twice",
    ),
    ("sources_without_freshness", "tasks", "one commit writes all of silver; task_events has the freshness"),
    ("sources_without_freshness", "users", "as above"),
    ("sources_without_freshness", "api_requests", "as above"),
    ("sources_without_freshness", "rejects", "new rows are bad news; none are good"),
    ("sources_without_freshness", "change_lines", "read as of the query; delivery has an alarm"),
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    project = copy_project(tmp_path_factory.mktemp("rules"))
    parsed = run_dbt(project, {**dbt_variables("rules"), "DBT_USER": "rules"}, ["parse"])
    assert parsed.returncode == 0, parsed.stdout
    content: Manifest = json.loads((project / "target" / "manifest.json").read_text())
    return content


def excepted(rule: str, name: str) -> list[tuple[str, str, str]]:
    return [one for one in EXCEPTIONS if one[0] == rule and fnmatchcase(name, one[1])]


def test_a_rule_is_kept_or_has_an_exception_with_its_reason(manifest: Manifest) -> None:
    found = violations(manifest)
    assert {one for one in found if not excepted(*one)} == set()
    used = {exception for one in found for exception in excepted(*one)}
    assert [one for one in EXCEPTIONS if one not in used] == []


def test_a_private_model_is_read_by_its_group_alone(manifest: Manifest) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    access = {node["access"] for node in models if node["name"].startswith("int_")}
    assert access == {"private"}
    assert {node["access"] for node in models if node["fqn"][1] in ("marts", "live")} == {"public"}
    assert {group["owner"]["name"] for group in manifest["groups"].values()} == {"transforms"}
    assert {node["group"] for node in models} == {group["name"] for group in manifest["groups"].values()}


def of(manifest: Manifest, name: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest["nodes"][f"model.todo_insights.{name}"]
    return found


def reads(manifest: Manifest, name: str, *others: str) -> None:
    known = {**manifest["nodes"], **manifest["sources"]}
    ids = [one for other in others for one in known if one.endswith(f".{other}") and not one.startswith("test.")]
    of(manifest, name)["depends_on"]["nodes"] += ids


def change(manifest: Manifest, model: str, /, **keys: Any) -> None:
    of(manifest, model).update(keys)


def change_source(manifest: Manifest, source: str, /, **keys: Any) -> None:
    found = manifest["sources"][f"source.todo_insights.silver.{source}"]
    found.update(keys)


STAGING = ("tasks", "users", "task_events", "api_requests", "rejects")
PLANTED: dict[tuple[str, str], Callable[[Manifest], None]] = {
    ("staging_dependent_on_staging", "stg_tasks"): lambda m: reads(m, "stg_tasks", "stg_users"),
    ("staging_dependent_on_marts_or_intermediate", "stg_tasks"): lambda m: reads(m, "stg_tasks", "fct_tasks"),
    ("marts_or_intermediate_dependent_on_source", "dim_users"): lambda m: reads(m, "dim_users", "silver.users"),
    ("direct_join_to_source", "dim_users"): lambda m: reads(m, "dim_users", "silver.users"),
    ("source_fanout", "users"): lambda m: reads(m, "dim_users", "silver.users"),
    ("multiple_sources_joined", "stg_tasks"): lambda m: reads(m, "stg_tasks", "silver.users"),
    ("root_models", "dim_users"): lambda m: change(m, "dim_users", depends_on={"nodes": []}),
    ("unused_sources", "rejects"): lambda m: change(m, "stg_rejects", depends_on={"nodes": []}),
    ("hard_coded_references", "dim_users"): lambda m: change(m, "dim_users", raw_code="select 1 from silver.users"),
    ("duplicate_sources", "users"): lambda m: change_source(
        m, "tasks", relation_name=m["sources"]["source.todo_insights.silver.users"]["relation_name"]
    ),
    ("too_many_joins", "dim_users"): lambda m: reads(m, "dim_users", *(f"stg_{n}" for n in STAGING), "fct_tasks"),
    ("missing_primary_key_tests", "dim_users"): lambda m: without_tests(m, "dim_users"),
    ("test_coverage", "dim_users"): lambda m: without_tests(m, "dim_users"),
    ("undocumented_models", "dim_users"): lambda m: change(m, "dim_users", description=""),
    ("undocumented_public_models", "dim_users"): lambda m: change(m, "dim_users", description=""),
    ("documentation_coverage", "dim_users"): lambda m: change(m, "dim_users", columns={"a": {"description": ""}}),
    ("undocumented_source_tables", "users"): lambda m: change_source(m, "users", description=""),
    ("undocumented_sources", "silver"): lambda m: change_source(m, "users", source_description=""),
    ("model_naming_conventions", "users"): lambda m: change(m, "dim_users", name="users"),
    ("model_directories", "dim_users"): lambda m: change(m, "dim_users", fqn=["todo_insights", "extra", "dim_users"]),
    ("test_directories", "dim_users"): lambda m: change(m, "dim_users", original_file_path="models/live/dim_users.sql"),
    ("public_models_without_contract", "dim_users"): lambda m: change(
        m, "dim_users", config={**of(m, "dim_users")["config"], "contract": {"enforced": False}}
    ),
    ("exposures_dependent_on_private_models", "dim_users"): lambda m: change(m, "dim_users", access="private"),
    ("chained_views_dependencies", "agg_cohort_retention"): lambda m: reads(m, "dim_users", "live_kpis"),
    ("model_fanout", "dim_dates"): lambda m: read_by_all(
        m, "dim_dates", "user_insights", "agg_cycle_time", "live_kpis"
    ),
    ("rejoining_of_upstream_concepts", "agg_cohort_retention"): lambda m: reads(
        m, "agg_cohort_retention", "int_users", "fct_daily_activity"
    ),
}


def read_by_all(manifest: Manifest, name: str, *readers: str) -> None:
    for reader in readers:
        reads(manifest, reader, name)


def without_tests(manifest: Manifest, name: str) -> None:
    for node in manifest["nodes"].values():
        if node.get("attached_node") == f"model.todo_insights.{name}":
            node["attached_node"] = None


@pytest.mark.parametrize("expected", PLANTED, ids="-".join)
def test_a_planted_violation_is_found(manifest: Manifest, expected: tuple[str, str]) -> None:
    assert expected not in violations(manifest)
    planted = copy.deepcopy(manifest)
    PLANTED[expected](planted)
    assert expected in violations(planted)


def test_exceptions_name_rules_that_are_looked_at(manifest: Manifest) -> None:
    broken = {rule for rule, _ in violations(manifest)} | {rule for rule, _ in PLANTED}
    assert {rule for rule, _, _ in EXCEPTIONS} <= broken
    assert len(broken) == 29
