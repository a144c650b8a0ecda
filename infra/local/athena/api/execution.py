"""A query execution's life: queued, running, then succeeded, failed or cancelled; its statistics and result objects."""

import logging
import time
from typing import Any

import duckdb
from ministack.core import concurrency
from ministack.services import athena

from infra.local.account import hooks
from infra.local.athena.api import caller
from infra.local.athena.api.results import ROWS, Result
from infra.local.athena.data.s3_objects import split_uri
from infra.local.athena.errors import OTHER, SYSTEM, AthenaError, QueryCancelledError
from infra.local.athena.session import Session, connection
from infra.local.athena.statements import ddl, dispatch

log = logging.getLogger("infra.local.athena")

_running: dict[str, duckdb.DuckDBPyConnection] = {}


async def execute(query_id: str, query: str, database: str, ddl: Any, catalog: Any = None) -> None:  # noqa: ARG001
    """Run a submitted query to its end, off the event loop: the engine calls this very process."""
    execution = athena._executions.get(query_id)
    if execution and execution["Status"]["State"] == "QUEUED":
        execution["Status"]["State"] = "RUNNING"
        await concurrency.run_reentrant(_run, execution, query, database, ddl, thread_name="athena-query")


def cancel(query_id: str) -> None:
    """Interrupt a running query; its execution's state is the emulator's to set.

    A connection forgets an interrupt that comes between two of its statements, hence the repetition.
    """

    def interrupt() -> None:
        while running := _running.get(query_id):
            running.interrupt()
            time.sleep(0.05)

    hooks.in_background(interrupt)


def _run(execution: dict[str, Any], query: str, database: str, create: Any) -> None:
    started, query_id = time.monotonic(), execution["QueryExecutionId"]
    statistics, status = execution["Statistics"], execution["Status"]
    try:
        with connection() as opened:
            _running[query_id] = opened
            if status["State"] != "RUNNING":
                return
            session = _session(execution, opened, database)
            try:
                result = _result(session, execution, query, create)
            finally:
                statistics["DataScannedInBytes"] = session.scanned
        _save(session, execution, result)
    except QueryCancelledError as error:
        status.update(State="CANCELLED", StateChangeReason=str(error))
    except Exception as error:
        if status["State"] == "RUNNING":
            _fail(status, error, query)
    else:
        if status["State"] == "RUNNING":
            status["State"] = "SUCCEEDED"
    finally:
        _running.pop(query_id, None)
        elapsed = int((time.monotonic() - started) * 1000)
        statistics.update(EngineExecutionTimeInMillis=elapsed, TotalExecutionTimeInMillis=elapsed)
        status["CompletionDateTime"] = int(time.time())


def _session(execution: dict[str, Any], opened: duckdb.DuckDBPyConnection, database: str) -> Session:
    configuration = workgroup_configuration(execution["WorkGroup"])
    output = execution["ResultConfiguration"]["OutputLocation"]
    return Session(
        caller=caller.current(),
        database=(database or "default").strip("`").lower(),
        connection=opened,
        scratch=f"{output.rpartition('/')[0]}/tables/",
        enforced=bool(configuration.get("EnforceWorkGroupConfiguration")),
        scan_limit=configuration.get("BytesScannedCutoffPerQuery"),
    )


def workgroup_configuration(name: str) -> dict[str, Any]:
    """A workgroup's configuration; empty for one that does not exist."""
    configuration: dict[str, Any] = (athena._workgroups.get(name) or {}).get("Configuration") or {}
    return configuration


def _result(session: Session, execution: dict[str, Any], query: str, create: Any) -> Result:
    if isinstance(create, athena._CreateTable) and not create.iceberg:
        definition = athena._create_table_input(create)
        definition["Name"] = definition["Name"].lower()
        place = (create.database or session.database).lower()
        return ddl.create_external(session.caller.catalog, place, definition, create.if_not_exists)
    return dispatch.run(session, query, execution.get("ExecutionParameters") or ())


def _save(session: Session, execution: dict[str, Any], result: Result) -> None:
    """Write the result objects with the caller's permissions, and remember the rows for GetQueryResults.

    A table is `<id>.csv`, all else `<id>.txt`; what writes data leaves a manifest of its files, even if there are none.
    """
    location = execution["ResultConfiguration"]["OutputLocation"].removesuffix(".csv")
    output = location + (".csv" if result.is_table() or result.kind == "DML" else ".txt")
    execution["ResultConfiguration"]["OutputLocation"] = output
    try:
        session.caller.objects.put(output, result.body().encode())
        session.caller.objects.put(output + ".metadata", b"")
        if result.columns is ROWS:
            manifest = f"{location}-manifest.csv"
            session.caller.objects.put(manifest, "\n".join(session.written).encode())
            execution["Statistics"]["DataManifestLocation"] = manifest
        else:
            execution["Statistics"].pop("DataManifestLocation", None)
    except Exception as error:
        bucket, _ = split_uri(output)
        raise AthenaError(
            f"Access denied when writing output to url: {output}. Please ensure you are allowed to access "
            f"the S3 bucket {bucket}: {error}"
        ) from error
    execution.update(
        StatementType=result.kind,
        _columns=[[c.name, c.type, c.precision, c.scale] for c in result.columns],
        _update_count=result.changed,
        _results={"columns": [column.name for column in result.columns], "rows": result.rows},
        _column_types=[column.type for column in result.columns],
    )


def _fail(status: dict[str, Any], error: Exception, query: str) -> None:
    if isinstance(error, AthenaError):
        category = error.category
    else:
        category = OTHER if isinstance(error, PermissionError) else SYSTEM
        log.exception("the engine failed on: %s", query[:2000])
    reason = str(error)[:1500] or type(error).__name__
    status.update(
        State="FAILED",
        StateChangeReason=reason,
        AthenaError={
            "ErrorCategory": category,
            "ErrorType": 1000 + category,
            "ErrorMessage": reason,
            "Retryable": False,
        },
    )
