"""The dbt project on silver tables of known rows: gold's figures, worked out by hand."""

import json

import pytest

from tests.integration.transforms.dbt.conftest import Row, Warehouse

pytestmark = [pytest.mark.account, pytest.mark.slow]

DAY = "2026-11-20"


def moment(day: str, clock: str = "10:00:00.000000") -> str:
    return f"timestamp '{day} {clock} UTC'"


def task(task_id: str, user_id: str, status: str, **more: str) -> Row:
    return {
        "task_id": f"'{task_id}'",
        "user_id": f"'{user_id}'",
        "title": "'words that stay in silver'",
        "status": f"'{status}'",
        "priority": "'medium'",
        "created_at": moment("2026-11-01"),
        "updated_at": moment("2026-11-02"),
        "is_deleted": "false",
        "version": "1",
        "sequence_number": "'1'",
        **more,
    }


def user(user_id: str, **more: str) -> Row:
    return {
        "user_id": f"'{user_id}'",
        "email_masked": f"'{user_id[0]}***@example.com'",
        "email_domain": "'example.com'",
        "email_hash": "'0f'",
        "name_masked": f"'{user_id[0].upper()}***'",
        "created_at": moment("2026-11-01", "09:00:00.123456"),
        "updated_at": moment("2026-11-01", "09:00:00.123456"),
        "is_deleted": "false",
        "version": "1",
        "sequence_number": "'1'",
        **more,
    }


def event(
    event_id: str, task_id: str, user_id: str, event_type: str, day: str, status: str = "pending", before: str = ""
) -> Row:
    return {
        "event_id": f"'{event_id}'",
        "task_id": f"'{task_id}'",
        "user_id": f"'{user_id}'",
        "event_type": f"'{event_type}'",
        "version": event_id[1:],
        "sequence_number": f"'{event_id[1:]}'",
        "occurred_at": moment(day),
        "ingested_at": moment(day, "10:00:01.000000"),
        "status": f"'{status}'",
        "previous_status": f"'{before}'" if before else "null",
        "was_deleted": "false",
        "priority": "'medium'",
        "changed_fields": "array['status']",
    }


def fill(warehouse: Warehouse) -> None:
    """Anna has three live tasks and a deleted one, Ben one, Cora is erased, Dora did nothing yet."""
    warehouse.insert(
        "tasks",
        task("t1", "anna", "completed", category="'work'", completed_at=moment("2026-11-02")),
        task("t2", "anna", "pending", category="' '", due_date="date '2026-11-19'"),
        task("t3", "anna", "in_progress", due_date=f"date '{DAY}'", created_at=moment("2026-11-05", "23:59:59.900000")),
        task("t4", "anna", "pending", is_deleted="true", deleted_at=moment("2026-11-06")),
        task("t5", "ben", "cancelled", category="'work'", due_date="date '2026-11-01'"),
        task("t6", "cora", "pending"),
    )
    warehouse.insert(
        "users",
        user("anna"),
        user("ben", email_masked="null", name_masked="null", updated_at=moment("2026-11-03")),
        user("cora", is_deleted="true"),
        user("dora", created_at=moment("2026-10-01"), updated_at=moment("2026-10-01")),
    )
    warehouse.insert(
        "task_events",
        event("e1", "t1", "anna", "created", "2026-11-01"),
        event("e2", "t1", "anna", "completed", "2026-11-02", "completed", "pending"),
        event("e3", "t2", "anna", "created", "2026-11-01"),
        event("e4", "t3", "anna", "created", "2026-11-05"),
        event("e5", "t4", "anna", "created", "2026-11-04"),
        event("e6", "t4", "anna", "deleted", "2026-11-06", "pending", "pending"),
        event("e7", "t5", "ben", "created", "2026-11-01"),
        event("e8", "t6", "cora", "created", "2026-11-01"),
        event("e9", "t3", "anna", "updated", "2026-11-05", "in_progress", "pending"),
        event("e10", "t5", "ben", "cancelled", "2026-11-02", "cancelled", "pending"),
    )


def test_gold_holds_the_figures_of_silver_and_follows_a_delete(warehouse: Warehouse) -> None:
    fill(warehouse)

    built = warehouse.dbt("build", "--vars", json.dumps({"as_of_date": DAY}))

    assert built.returncode == 0, built.stdout
    assert {result["status"] for result in warehouse.run_results()["results"]} == {"success", "pass", "no-op"}
    assert warehouse.ask("select * from task_analytics_user_metrics order by user_id", warehouse.gold) == [
        ["anna", "3", "1", "1", "1", "2026-11-01", "2026-11-05"],
        ["ben", "1", "0", "0", "0", "2026-11-01", "2026-11-01"],
    ]
    assert warehouse.ask("select * from task_analytics_category_trends order by category", warehouse.gold) == [
        ["uncategorized", "2", "0"],
        ["work", "2", "1"],
    ]
    assert warehouse.ask("select * from user_analytics order by user_id", warehouse.gold) == [
        ["anna", "a***@example.com", "A***", "2026-11-01 09:00:00.123456", "2026-11-06 10:00:00.000", "7", "4"],
        ["ben", None, None, "2026-11-01 09:00:00.123456", "2026-11-03 10:00:00.000", "2", "2"],
        ["dora", "d***@example.com", "D***", "2026-10-01 10:00:00.000", "2026-10-01 10:00:00.000", "0", "0"],
    ]
    figures = "select metric, cast(value as integer), cast(value as double) from business_metrics_kpis order by metric"
    assert warehouse.ask(figures, warehouse.gold) == [
        ["active_users", "2", "2.0"],
        ["cancelled_tasks", "1", "1.0"],
        ["completed_tasks", "1", "1.0"],
        ["completion_rate_pct", "25", "25.0"],
        ["cycle_time_p50_hours", "24", "24.0"],
        ["cycle_time_p90_hours", "24", "24.0"],
        ["high_priority_tasks", "0", "0.0"],
        ["in_progress_tasks", "1", "1.0"],
        ["open_tasks", "2", "2.0"],
        ["overdue_tasks", "1", "1.0"],
        ["pending_tasks", "1", "1.0"],
        ["total_tasks", "4", "4.0"],
        ["total_users", "3", "3.0"],
    ]

    deletion = "update tasks set is_deleted = true, merged_at = current_timestamp where task_id = 't1'"
    warehouse.ask(deletion, warehouse.silver)
    warehouse.insert("task_events", event("e11", "t1", "anna", "deleted", DAY, "completed", "completed"))
    rebuilt = warehouse.dbt("build", "--exclude-resource-type", "unit_test")

    assert rebuilt.returncode == 0, rebuilt.stdout
    metrics = "select total_tasks, completed_tasks from task_analytics_user_metrics order by user_id"
    assert warehouse.ask(metrics, warehouse.gold) == [
        ["2", "0"],
        ["1", "0"],
    ]
    glue = warehouse.account.session.client("glue")
    tables = glue.get_tables(DatabaseName=warehouse.gold)["TableList"]
    located = [table["StorageDescriptor"]["Location"] for table in tables if table["TableType"] == "EXTERNAL_TABLE"]
    assert len(located) == 8
    assert all(location.startswith(f"s3://{warehouse.name}/tables/") for location in located)
    (activity,) = [table for table in tables if table["Name"] == "int_daily_activity"]
    assert activity["Description"].startswith("One row per user and day")
    comments = {column["Name"]: column.get("Comment") for column in activity["StorageDescriptor"]["Columns"]}
    assert comments["events"] == "Number of changes of the user's tasks; purges, which nobody makes, are not counted."

    documented = warehouse.dbt("docs", "generate", "--no-compile")
    assert documented.returncode == 0, documented.stdout
    catalog = json.loads((warehouse.project / "target" / "catalog.json").read_text())
    assert len(catalog["nodes"]) == 35
    assert catalog["errors"] is None


def test_empty_silver_makes_empty_gold(warehouse: Warehouse) -> None:
    built = warehouse.dbt("build", "--exclude-resource-type", "unit_test")

    assert built.returncode == 0, built.stdout
    assert warehouse.ask("select * from user_analytics", warehouse.gold) == []
    assert warehouse.ask("select distinct value from business_metrics_kpis", warehouse.gold) == [["0.0"]]
    assert len(warehouse.run_results()["results"]) > 50

    again = warehouse.dbt("run")
    assert again.returncode == 0, again.stdout


def test_a_row_that_breaks_a_test_is_named(warehouse: Warehouse) -> None:
    warehouse.insert("tasks", task("t1", "anna", "no-such-status"))

    built = warehouse.dbt("test", "--select", "source:silver.tasks,test_name:accepted_values")

    assert built.returncode == 1
    assert warehouse.failures() == (
        "test source_accepted_values_silver_tasks_status__pending__in_progress__completed__cancelled: "
        "Got 1 result, configured to fail if != 0"
    )


def test_a_column_that_breaks_a_contract_is_named(warehouse: Warehouse) -> None:
    model = warehouse.project / "models" / "marts" / "task_analytics_category_trends.sql"
    model.write_text(model.read_text().replace("count(*) as total_tasks", "cast(count(*) as double) as total_tasks"))

    built = warehouse.dbt("run", "--select", "+task_analytics_category_trends")

    assert built.returncode == 1
    failures = warehouse.failures()
    assert failures.startswith("model task_analytics_category_trends: This model has an enforced contract that failed.")
    assert "total_tasks" in failures


def test_a_statement_that_athena_refuses_is_named(warehouse: Warehouse) -> None:
    model = warehouse.project / "models" / "marts" / "dim_dates.sql"
    model.write_text(model.read_text().replace("quarter(date_day)", "no_such_function(date_day)"))

    built = warehouse.dbt("run", "--select", "dim_dates")

    assert built.returncode == 1
    assert warehouse.failures().startswith("model dim_dates: ")
    assert "no_such_function" in warehouse.failures()


def test_a_changed_model_is_built_beside_gold_and_reads_the_rest_from_it(warehouse: Warehouse) -> None:
    fill(warehouse)
    built = warehouse.dbt("run", "--select", "+task_analytics_category_trends")
    assert built.returncode == 0, built.stdout
    (warehouse.project / "target").rename(warehouse.project / "state")
    model = warehouse.project / "models" / "marts" / "task_analytics_category_trends.sql"
    model.write_text(model.read_text().replace("'uncategorized'", "'none'"))
    warehouse.environment.update(DBT_TARGET="dev", DBT_USER=warehouse.developer)

    changed = warehouse.dbt("run", "--select", "state:modified+", "--state", "state", "--defer")

    assert changed.returncode == 0, changed.stdout
    ran = [one["unique_id"] for one in warehouse.run_results()["results"]]
    assert ran == ["model.todo_insights.task_analytics_category_trends"]
    categories = "select category from task_analytics_category_trends order by category"
    assert warehouse.ask(categories, f"todo_analytics_{warehouse.developer}") == [["none"], ["work"]]
    assert warehouse.ask(categories, warehouse.gold) == [["uncategorized"], ["work"]]


def test_each_developer_has_a_schema_of_their_own(warehouse: Warehouse) -> None:
    listed = json.loads(_compiled(warehouse, DBT_TARGET="dev", DBT_USER="kim"))
    assert {node["schema"] for node in listed["nodes"].values() if node["resource_type"] == "model"} == {
        "todo_analytics_kim"
    }


def _compiled(warehouse: Warehouse, **environment: str) -> str:
    warehouse.environment.update(environment)
    parsed = warehouse.dbt("parse")
    assert parsed.returncode == 0, parsed.stdout
    return (warehouse.project / "target" / "manifest.json").read_text()
