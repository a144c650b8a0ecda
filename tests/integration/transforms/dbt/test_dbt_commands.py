"""dbt does in this project what its documentation says, command by command: nothing of it is overridden.

https://docs.getdbt.com/reference/dbt-commands
"""

import datetime as dt
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Account
from tests.dbt_project import PROJECT
from tests.integration.conftest import RoleFactory
from tests.integration.transforms.dbt.conftest import Warehouse, make_warehouse
from tests.integration.transforms.dbt.population import Population, Shape

pytestmark = [pytest.mark.account, pytest.mark.slow]

SILVER = Population(Shape(users=4, tasks=30, days=6, requests=40)).rows
EVENTS = "int_kept_events"


@pytest.fixture(scope="module")
def built(account: Account, role_of_module: RoleFactory, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse in which the events and what they hang on are built; each test leaves them right."""
    warehouse = make_warehouse(account, "dbt-commands", role_of_module, tmp_path_factory.mktemp("commands"))
    warehouse.fill(SILVER)
    succeed(warehouse, "run", "-s", f"+{EVENTS}", "+fct_tasks")
    return warehouse


@pytest.fixture
def extra(built: Warehouse) -> Iterator[pathlib.Path]:
    """A folder for models of a test's own."""
    folder = built.project / "models" / "extra"
    folder.mkdir()
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def succeed(warehouse: Warehouse, *words: str) -> str:
    done = warehouse.dbt(*words)
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows(warehouse: Warehouse, sql: str) -> Any:
    return warehouse.ask(sql, warehouse.gold)


def events(warehouse: Warehouse) -> int:
    ((count,),) = rows(warehouse, f"select count(*) from {EVENTS}")
    return int(count)


def test_run_empty_reads_no_row_and_the_next_build_has_all_of_them(built: Warehouse) -> None:
    before = events(built)
    succeed(built, "run", "--empty", "-s", EVENTS)
    succeed(built, "run", "-s", EVENTS)
    assert events(built) == before > 0


def test_full_refresh_builds_the_table_anew(built: Warehouse) -> None:
    before = events(built)
    rows(built, f"update {EVENTS} set category = 'by hand'")
    succeed(built, "run", "-s", EVENTS)
    assert rows(built, f"select count(*) from {EVENTS} where category = 'by hand'") == [[str(before)]]
    seen = set(built.statements())
    succeed(built, "run", "--full-refresh", "-s", EVENTS)
    assert rows(built, f"select count(*) from {EVENTS} where category = 'by hand'") == [["0"]]
    assert events(built) == before
    # made beside the old one and renamed, so that queries miss it for no longer than two renames take
    athena = built.account.session.client("athena")
    sent = [
        athena.get_query_execution(QueryExecutionId=one)["QueryExecution"] for one in set(built.statements()) - seen
    ]
    created = [one["Query"] for one in sent if "create table" in one["Query"]]
    assert [f'"{EVENTS}__dbt_tmp"' in one for one in created] == [True]


def test_a_new_column_stops_the_build_until_a_full_refresh(built: Warehouse, extra: pathlib.Path) -> None:
    """What docs/deploy.md says of an upgrade."""
    model = extra / "extra_column.sql"
    model.write_text(
        "{{ config(materialized='incremental', unique_key='event_id') }}\n"
        f"select event_id, merged_at from {{{{ ref('{EVENTS}') }}}}\n"
    )
    succeed(built, "run", "-s", "extra_column")
    model.write_text(model.read_text().replace("event_id, merged_at", "event_id, event_type, merged_at"))
    failed = built.dbt("run", "-s", "extra_column")
    assert failed.returncode == 1
    assert "out of sync" in failed.stdout
    assert rows(built, "select count(*) from extra_column") == [[str(events(built))]]
    succeed(built, "run", "--full-refresh", "-s", "extra_column")
    assert rows(built, "select count(event_type) from extra_column") == [[str(events(built))]]


def test_compile_and_show_change_nothing(built: Warehouse) -> None:
    before = rows(built, f'select count(*) from "{EVENTS}$snapshots"')
    succeed(built, "compile", "-s", EVENTS)
    compiled = next((built.project / "target" / "compiled").rglob(f"{EVENTS}.sql")).read_text()
    assert "where merged_at > timestamp '" in compiled
    assert "completed" in succeed(
        built, "show", "--inline", f"select distinct event_type from {{{{ ref('{EVENTS}') }}}}"
    )
    assert rows(built, f'select count(*) from "{EVENTS}$snapshots"') == before


def test_test_and_build_judge_alike_and_a_tighter_limit_counts_at_once(built: Warehouse) -> None:
    path = built.project / "tests" / "assert_extra.sql"
    path.write_text("{{ config(error_if='>1000') }}\n\nselect 1 as one from {{ ref('int_live_tasks') }}\n")
    try:
        succeed(built, "build", "-s", "assert_extra")
        path.write_text(path.read_text().replace(">1000", ">0"))
        for command in ("test", "build"):
            assert built.dbt(command, "-s", "assert_extra").returncode == 1
            assert built.run_results()["results"][-1]["status"] == "fail"
    finally:
        path.unlink()


def test_retry_runs_what_failed_and_what_was_skipped(built: Warehouse, extra: pathlib.Path) -> None:
    first, second = extra / "extra_first.sql", extra / "extra_second.sql"
    first.write_text("select no_such_column as one from {{ ref('int_live_tasks') }}\n")
    second.write_text("select * from {{ ref('extra_first') }}\n")
    assert built.dbt("run", "-s", "extra_first", "extra_second").returncode == 1
    first.write_text("select 1 as one from {{ ref('int_live_tasks') }}\n")
    succeed(built, "retry")
    assert [one["status"] for one in built.run_results()["results"]] == ["success", "success"]


def test_a_changed_config_macro_variable_and_hook_count_at_once(built: Warehouse, extra: pathlib.Path) -> None:
    model, macro = extra / "extra_config.sql", built.project / "macros" / "extra.sql"
    macro.write_text("{% macro extra() %}1{% endmacro %}\n")
    model.write_text(
        "{{ config(materialized='table', table_type='hive', post_hook=var('hook')) }}\n"
        "select {{ extra() }} as of_macro, '{{ var(\"given\", \"nothing\") }}' as given, 'a' as part\n"
    )
    hook = "create or replace view hooked as select 1 as n"
    succeed(built, "build", "-s", "extra_config", "--vars", json.dumps({"hook": "select 1"}))
    succeed(built, "build", "-s", "extra_config", "--vars", json.dumps({"hook": hook, "given": "something"}))
    assert rows(built, "select given from extra_config") == [["something"]]
    assert rows(built, "select n from hooked") == [["1"]]
    changed = "table_type='hive', partitioned_by=['part'], write_compression='gzip'"
    model.write_text(model.read_text().replace("table_type='hive'", changed))
    macro.write_text(macro.read_text().replace("1", "2"))
    succeed(built, "build", "-s", "extra_config", "--vars", json.dumps({"hook": "select 1"}))
    macro.unlink()
    assert rows(built, "select of_macro from extra_config") == [["2"]]
    table = built.account.session.client("glue").get_table(DatabaseName=built.gold, Name="extra_config")["Table"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["part"]
    athena = built.account.session.client("athena")
    sent = [athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]["Query"] for one in built.statements()]
    assert any("extra_config" in one and "write_compression='gzip'" in one for one in sent)


def test_a_microbatch_model_has_every_batch(built: Warehouse, extra: pathlib.Path) -> None:
    days = sorted({event["occurred_at"].date() for event in SILVER["task_events"]})
    (extra / "extra_batches.sql").write_text(
        "{{ config(materialized='incremental', incremental_strategy='microbatch', table_type='iceberg',"
        " unique_key='event_id', event_time='occurred_at', batch_size='day',"
        f" begin='{days[0]}', delete_condition=none, insert_condition=none) }}}}\n"
        f"select event_id, occurred_at from {{{{ ref('{EVENTS}') }}}}\n"
    )
    end = f"{days[-1]} 23:59:59"
    succeed(built, "build", "-s", "extra_batches", "--event-time-start", str(days[0]), "--event-time-end", end)
    counted = int(rows(built, "select count(distinct event_id) from extra_batches")[0][0])
    assert counted == events(built)


def test_clone_copies_every_model(built: Warehouse, tmp_path: pathlib.Path) -> None:
    state = tmp_path / "state"
    (built.project / "target").rename(state)
    environment = built.environment | {"DBT_TARGET": "dev", "DBT_USER": "dbt-commands"}
    clone = Warehouse(built.account, built.name, built.project, environment, built.tables)
    succeed(clone, "clone", "-s", f"+{EVENTS}", "+fct_tasks", "--state", str(state))
    glue, copies = built.account.session.client("glue"), "todo_analytics_dbt-commands"
    models, cloned = (
        {table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]}
        for database in (built.gold, copies)
    )
    assert models >= cloned > {EVENTS, "int_task_states", "fct_tasks", "stg_tasks"}
    for model in (EVENTS, "fct_tasks"):
        here, there = (built.ask(f"select count(*) from {model}", database) for database in (built.gold, copies))
        assert here == there != [["0"]]


def test_defer_reads_what_is_not_built_from_the_state(
    built: Warehouse, extra: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    succeed(built, "parse")
    state = tmp_path / "state"
    (built.project / "target").rename(state)
    (extra / "extra_deferred.sql").write_text(f"select count(*) as n from {{{{ ref('{EVENTS}') }}}}\n")
    environment = built.environment | {"DBT_TARGET": "dev", "DBT_USER": "dbt-commands"}
    developer = Warehouse(built.account, built.name, built.project, environment, built.tables)
    succeed(developer, "run", "-s", "extra_deferred", "--defer", "--state", str(state))
    assert built.ask("select n from extra_deferred", "todo_analytics_dbt-commands") == [[str(events(built))]]


def test_state_modified_builds_what_changed_and_what_follows_it(
    built: Warehouse, extra: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    first = extra / "extra_first.sql"
    first.write_text("{{ config(materialized='table') }}\n\nselect 1 as n\n")
    (extra / "extra_second.sql").write_text("select n, '{{ var(\"given\") }}' as given from {{ ref('extra_first') }}\n")
    (extra / "extra_other.sql").write_text("select '{{ var(\"given\") }}' as given\n")
    for path in extra.glob("extra_[so]*.sql"):
        path.write_text("{{ config(materialized='table') }}\n\n" + path.read_text())
    succeed(built, "run", "-s", "path:models/extra", "--vars", json.dumps({"given": "before"}))
    state = tmp_path / "state"
    (built.project / "target").rename(state)
    first.write_text(first.read_text().replace("1 as n", "2 as n"))
    succeed(built, "run", "-s", "state:modified+", "--state", str(state), "--vars", json.dumps({"given": "after"}))
    assert rows(built, "select n, given from extra_second") == [["2", "after"]]
    assert rows(built, "select given from extra_other") == [["before"]]


def test_source_status_builds_what_hangs_on_sources_with_new_rows(
    built: Warehouse, extra: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    for name in ("task_events", "tasks"):
        (extra / f"extra_{name}.sql").write_text(
            "{{ config(materialized='table') }}\n\n"
            f"select count(*) as n, '{{{{ var(\"given\") }}}}' as given from {{{{ source('silver', '{name}') }}}}\n"
        )
    succeed(built, "run", "-s", "path:models/extra", "--vars", json.dumps({"given": "before"}))
    succeed(built, "source", "freshness", "--vars", json.dumps({"given": "before"}))
    state = tmp_path / "state"
    (built.project / "target").rename(state)
    now = dt.datetime.now(dt.UTC)
    fresh = {"event_id": "fresh", "ingested_at": now, "merged_at": now}
    built.tables.append("task_events", [SILVER["task_events"][0] | fresh])
    after = ("--vars", json.dumps({"given": "after"}))
    try:
        succeed(built, "source", "freshness", *after)
        selected = "source_status:fresher+,path:models/extra"
        succeed(built, "run", "-s", selected, "--state", str(state), *after)
        assert rows(built, "select n, given from extra_task_events") == [[str(len(SILVER["task_events"]) + 1), "after"]]
        assert rows(built, "select given from extra_tasks") == [["before"]]
    finally:
        built.fill_one("task_events", SILVER["task_events"])


def test_sample_reads_the_rows_of_a_time_only(built: Warehouse, extra: pathlib.Path) -> None:
    first = min(event["occurred_at"].date() for event in SILVER["task_events"])
    (extra / "extra_source.sql").write_text(
        "{{ config(materialized='view', event_time='occurred_at') }}\n"
        f"select event_id, occurred_at from {{{{ ref('{EVENTS}') }}}}\n"
    )
    (extra / "extra_sample.sql").write_text("select occurred_at from {{ ref('extra_source') }}\n")
    time = {"start": str(first), "end": str(first + dt.timedelta(days=1))}
    succeed(built, "run", "-s", "extra_source")
    succeed(built, "run", "-s", "extra_sample", "--sample", json.dumps(time))
    found = rows(built, "select cast(occurred_at as date), count(*) from extra_sample group by 1")
    assert [day for day, _ in found] == [str(first)]


def test_docs_generate_describes_what_is_built(built: Warehouse) -> None:
    succeed(built, "docs", "generate", "-s", EVENTS)
    catalog = json.loads((built.project / "target" / "catalog.json").read_text())
    assert "merged_at" in catalog["nodes"][f"model.todo_insights.{EVENTS}"]["columns"]


def test_tables_are_compacted(built: Warehouse) -> None:
    before = events(built)
    seen = set(built.statements())
    succeed(built, "run-operation", "compact_tables")
    athena = built.account.session.client("athena")
    sent = [
        athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]["Query"]
        for one in set(built.statements()) - seen
    ]
    assert sum(f"optimize awsdatacatalog.{built.gold}.{EVENTS} rewrite data using bin_pack" in one for one in sent) == 1
    assert sum(f"vacuum awsdatacatalog.{built.gold}.{EVENTS}" in one for one in sent) == 1
    assert events(built) == before


def test_the_project_overrides_nothing_of_dbt() -> None:
    own = {path.stem for path in (PROJECT / "macros").glob("*.sql")}
    assert not (PROJECT / "materializations").exists()
    for path in (PROJECT / "macros").glob("*.sql"):
        assert "materialization" not in path.read_text(), path.name
    assert not own & {"get_where_subquery", "generate_schema_name", "is_incremental", "ref", "source"}
