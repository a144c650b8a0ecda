"""A query execution's life: queued, running, then succeeded, failed or cancelled; its statistics and result objects."""

import asyncio
import logging
import re
import time
from typing import Any

from ministack.core import concurrency
from ministack.services import athena

from infra.local.athena.api import credentials, engines, prepared
from infra.local.athena.api.jobs import ExternalTable, Job, Outcome
from infra.local.athena.api.results import Result
from infra.local.athena.error_types import error_type
from infra.local.athena.errors import OTHER, AthenaError
from infra.local.athena.sql import grammar, trino

ENDED_WITH_ACCOUNT = "GENERIC_INTERNAL_ERROR: The query ended with the account that ran it."
log = logging.getLogger("infra.local.athena")


async def execute(query_id: str, query: str, database: str, ddl: Any, catalog: Any = None) -> None:  # noqa: ARG001
    """Run a submitted query to its end, off the event loop: the engine calls this very process."""
    execution = athena._executions.get(query_id)
    if execution and execution["Status"]["State"] == "QUEUED":
        running = concurrency.run_reentrant(_run, execution, query, database, ddl, thread_name="athena-query")
        try:
            await asyncio.shield(asyncio.ensure_future(running))
        except asyncio.CancelledError:
            # the account stops, which waits for the thread: without its engine it ends at once
            engines.pool().close()
            raise


def end_lost_queries() -> None:
    """What ran when the account stopped has failed, so that nobody waits for it for ever."""
    for execution in athena._executions.values():
        if execution["Status"]["State"] in ("QUEUED", "RUNNING"):
            execution["Status"]["CompletionDateTime"] = round(time.time(), 3)
            _fail(execution["Status"], Outcome(failure=ENDED_WITH_ACCOUNT))


def cancel(query_id: str) -> None:
    """End a running query; its execution's state is the emulator's to set."""
    engines.pool().cancel(query_id)


def _run(execution: dict[str, Any], query: str, database: str, create: Any) -> None:
    started, status = time.monotonic(), execution["Status"]
    outcome = Outcome()
    try:
        resolved = prepared.resolve(query, execution.get("ExecutionParameters") or (), execution["WorkGroup"])
        if resolved.result is not None:
            outcome = Outcome(result=resolved.result, output=execution["ResultConfiguration"]["OutputLocation"])
            _save_result(execution, outcome, resolved.result)
            return
        job = _job(execution, resolved, database, create)
        with engines.pool().engine(execution["QueryExecutionId"]) as engine:
            if status["State"] != "QUEUED":
                return
            status["State"] = "RUNNING"
            # a query that did not wait at all was queued for a millisecond on AWS
            waited = time.monotonic() - started
            execution["Statistics"]["QueryQueueTimeInMillis"] = max(1, round(waited * 1000))
            outcome = engine.run(job, engines.QUERY_SECONDS)
        execution["Statistics"]["DataScannedInBytes"] = outcome.scanned
        if outcome.result and status["State"] == "RUNNING":
            _save_result(execution, outcome, outcome.result)
    except AthenaError as error:
        outcome = Outcome(failure=str(error), category=error.category)
    except PermissionError as error:
        outcome = Outcome(failure=str(error), category=OTHER)
    except Exception as error:
        log.exception("the query %s could not be run", execution["QueryExecutionId"])
        outcome = Outcome(failure=f"GENERIC_INTERNAL_ERROR: {error}")
    finally:
        _end(execution, outcome, started)


def _end(execution: dict[str, Any], outcome: Outcome, started: float) -> None:
    status = execution["Status"]
    elapsed = max(1, int((time.monotonic() - started) * 1000))
    execution["Statistics"].update(EngineExecutionTimeInMillis=elapsed, TotalExecutionTimeInMillis=elapsed)
    if status["State"] not in ("QUEUED", "RUNNING"):
        return  # cancelled meanwhile
    status["CompletionDateTime"] = round(time.time(), 3)
    if outcome.cancelled:
        status.update(State="CANCELLED", StateChangeReason=outcome.failure)
    elif outcome.result is None or outcome.failure:
        _fail(status, outcome)
    else:
        status["State"] = "SUCCEEDED"


def _job(execution: dict[str, Any], statement: prepared.Resolved, database: str, create: Any) -> Job:
    configuration = workgroup_configuration(execution["WorkGroup"])
    database = (database or "default").strip("`").lower()
    return Job(
        sql=statement.sql,
        parameters=statement.parameters,
        keys=credentials.current(),
        database=database,
        output=execution["ResultConfiguration"]["OutputLocation"].removesuffix(".csv"),
        enforced=bool(configuration.get("EnforceWorkGroupConfiguration")),
        scan_limit=configuration.get("BytesScannedCutoffPerQuery"),
        external_table=_external_table(create, database),
        checked=statement.sql == execution["Query"] and _is_checked(trino.strip_comments(statement.sql)),
    )


def _is_checked(sql: str) -> bool:
    """Whether a statement is known to be in Trino's grammar.

    Checked here, because the grammar's tables fill while it reads: each engine would take seconds for its own.
    """
    return trino.is_plain_trino(sql) or (trino.creates_query(sql) and not grammar.syntax_error(sql))


def workgroup_configuration(name: str) -> dict[str, Any]:
    """A workgroup's configuration; empty for one that does not exist."""
    configuration: dict[str, Any] = (athena._workgroups.get(name) or {}).get("Configuration") or {}
    return configuration


def _external_table(create: Any, database: str) -> ExternalTable | None:
    if not isinstance(create, athena._CreateTable) or create.iceberg:
        return None
    definition = athena._create_table_input(create)
    definition["Name"] = definition["Name"].lower()
    storage = definition["StorageDescriptor"]
    serde = storage["SerdeInfo"]
    if "json" not in serde["SerializationLibrary"].lower():
        storage["OutputFormat"] = storage["OutputFormat"].replace(".io.IgnoreKey", ".io.HiveIgnoreKey")
    definition["Parameters"] = {name: _on_one_line(value) for name, value in definition["Parameters"].items()}
    serde["Parameters"] = {name: _without_lines(value) for name, value in serde["Parameters"].items()}
    return ExternalTable((create.database or database).lower(), definition, create.if_not_exists)


def _without_lines(value: str) -> str:
    """A SerDe's property of several lines, such as an Avro schema, loses their ends and their indentation."""
    return re.sub(r"[ \t]+", " ", value).replace("\n", "") if "\n" in value.strip("\n") else value


def _on_one_line(value: str) -> str:
    """A comment of several lines becomes one."""
    return " ".join(value.split()) if "\n" in value.strip("\n") else value


def _save_result(execution: dict[str, Any], outcome: Outcome, result: Result) -> None:
    """Keep the rows and their columns for GetQueryResults, and where the result objects are."""
    execution["ResultConfiguration"]["OutputLocation"] = outcome.output
    execution["Statistics"].pop("DataManifestLocation", None)
    if outcome.manifest:
        execution["Statistics"]["DataManifestLocation"] = outcome.manifest
    execution.update(
        StatementType=result.kind,
        _columns=[[c.name, c.type, c.precision, c.scale] for c in result.columns],
        _update_count=result.changed,
        _results={"columns": [column.name for column in result.columns], "rows": result.rows},
        _column_types=[column.type for column in result.columns],
    )


def _fail(status: dict[str, Any], outcome: Outcome) -> None:
    status.update(
        State="FAILED",
        StateChangeReason=outcome.failure,
        AthenaError={
            "ErrorCategory": outcome.category,
            "ErrorType": error_type(outcome.failure, outcome.category),
            "ErrorMessage": outcome.failure,
            "Retryable": False,
        },
    )
