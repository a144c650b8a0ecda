"""StartQueryExecution, GetQueryResults, StopQueryExecution and GetWorkGroup as Athena answers them."""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.core.router import extract_access_key_id
from ministack.services import athena

from infra.local.account import hooks
from infra.local.athena.api import credentials, engines, execution, managed_results, metadata, result_reuse, runtime
from infra.local.athena.api.statement_types import find_substatement_type
from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import trino

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], Response]

_KNOWN = re.compile(
    r"\W*(alter|analyze|create|deallocate|delete|desc|describe|drop|execute|explain|insert|merge|msck|optimize|prepare|"
    r"select|show|unload|update|use|vacuum|values|with)\b",
    re.IGNORECASE,
)


_ESCAPED_QUOTE = re.compile(r"(?<!\\)((?:\\\\)*)\\'")
_NAMED_CATALOG = re.compile(
    r"\A(\s*create\s+(?:external\s+)?table\s+(?:if\s+not\s+exists\s+)?)[`\"]?awsdatacatalog[`\"]?\.", re.IGNORECASE
)
MAX_EXECUTIONS = 50
MAX_ROWS = 1000
"""Rows of a page of GetQueryResults: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html"""

_query_ids = AccountRegionScopedDict()  # client request token -> query execution id


def apply() -> None:
    """Put the engine in the place of the emulator's."""
    metadata.apply()
    describe = hooks.hook(athena, "_execution_out", "ex")
    hooks.replace(athena, "_execution_out", "ex", _without_empty(describe))
    hooks.replace(athena, "_execute_query", "query_id query database ddl catalog", execution.execute)
    hooks.after_restoring(athena, athena._executions, execution.end_lost_queries)
    hooks.replace(athena, "_list_query_executions", "data", _list)
    hooks.replace(athena, "_parse_ddl", "query", _as_hive_reads(hooks.hook(athena, "_parse_ddl", "query")))
    hooks.hook(athena, "_create_table_input", "ddl")
    for name, wrap in (
        ("_start_query_execution", _start),
        ("_get_query_results", _get_results),
        ("_stop_query_execution", _stop),
        ("_get_workgroup", _get_workgroup),
    ):
        setattr(athena, name, wrap(hooks.hook(athena, name, "data")))
    parameters = "method path headers body query_params"
    athena.handle_request = _remembering(hooks.hook(athena, "handle_request", parameters))
    threading.Thread(target=engines.pool().warm_up, name="athena-warm-up", daemon=True).start()


def _remembering(original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        credentials.set_access_key(extract_access_key_id(headers, query_params) or "")
        if action := runtime.ACTIONS.get(headers.get("x-amz-target", "").rpartition(".")[2]):
            return cast("Response", action(json.loads(body or b"{}")))
        response: Response = await original(method, path, headers, body, query_params)
        return response

    return handle_request


def _start(original: Handler) -> Handler:
    def start_query_execution(data: dict[str, Any]) -> Response:
        """https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html"""
        if earlier := athena._executions.get(_query_ids.get(data.get("ClientRequestToken") or "")):
            if earlier["Query"] != data.get("QueryString"):
                return _refused("Idempotent parameters do not match")
            return cast("Response", json_response({"QueryExecutionId": earlier["QueryExecutionId"]}))
        group = data.get("WorkGroup") or "primary"
        if group not in athena._workgroups:
            return _refused(f"WorkGroup {group} is not found.")
        if athena._workgroups[group].get("State") == "DISABLED":
            return _refused(f"WorkGroup {group} is disabled.")
        if malformed := _malformed(data.get("QueryString", "")):
            return _refused(malformed, AthenaErrorCode="MALFORMED_QUERY")
        status, headers, body = original({**data, "WorkGroup": group, "ResultConfiguration": _output(group, data)})
        if status == 200:
            execution = athena._executions[json.loads(body)["QueryExecutionId"]]
            execution["SubstatementType"] = find_substatement_type(data["QueryString"])
            if data.get("ExecutionParameters"):
                execution["ExecutionParameters"] = data["ExecutionParameters"]
            execution["Status"]["SubmissionDateTime"] = round(time.time(), 3)
            execution["_caller"] = credentials.access_key()
            if managed_results.are_enabled(group):
                execution["ManagedQueryResultsConfiguration"] = {"Enabled": True}
            result_reuse.reuse(execution, data)
            if data.get("ClientRequestToken"):
                _query_ids[data["ClientRequestToken"]] = execution["QueryExecutionId"]
        return status, headers, body

    return start_query_execution


def _as_hive_reads(original: Callable[[str], Any]) -> Callable[[str], Any]:
    """Hive's `\\'` inside of a text is a quote too, and a table's name may begin with that of the catalog."""
    return lambda query: original(_NAMED_CATALOG.sub("\\1", _ESCAPED_QUOTE.sub("\\1''", query)))


def _list(data: dict[str, Any]) -> Response:
    """The newest first, 50 at most: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html"""
    group, start = data.get("WorkGroup") or "primary", int(data.get("NextToken") or 0)
    ids = [key for key, execution in reversed(athena._executions.items()) if execution.get("WorkGroup") == group]
    end = start + min(int(data.get("MaxResults") or MAX_EXECUTIONS), MAX_EXECUTIONS)
    page = {"QueryExecutionIds": ids[start:end], **({"NextToken": str(end)} if end < len(ids) else {})}
    return cast("Response", json_response(page))


def _without_empty(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """AWS leaves out what a query execution does not have yet."""

    def describe(execution: dict[str, Any]) -> Any:
        described = original(execution)
        for name in ("Status", "Statistics"):
            described[name] = {key: value for key, value in described[name].items() if value not in (None, "")}
        if execution.get("ManagedQueryResultsConfiguration"):
            described["ManagedQueryResultsConfiguration"] = execution["ManagedQueryResultsConfiguration"]
            described["ResultConfiguration"] = managed_results.without_location(described["ResultConfiguration"])
        return described

    return describe


def _refused(message: str, **extra: str) -> Response:
    response: Response = error_response_json("InvalidRequestException", message, 400, extra=extra)
    return response


def _malformed(query: str) -> str:
    """What is wrong with a statement's syntax; empty when nothing is."""
    sql = trino.strip_comments(query)
    if not _KNOWN.match(sql):
        return f"line 1:1: mismatched input '{sql.split(maxsplit=1)[0] if sql else '<EOF>'}'"
    try:
        if trino.is_plain_trino(sql):
            trino.parse(sql)
    except AthenaError as error:
        return str(error).removeprefix("SYNTAX_ERROR: ")
    return ""


def _output(group: str, data: dict[str, Any]) -> dict[str, Any]:
    """Where results go: where the workgroup says when it is enforced, else where the caller says."""
    configuration = execution.workgroup_configuration(group)
    if managed_results.are_enabled(group):
        return {"OutputLocation": managed_results.LOCATION}
    prescribed = configuration.get("ResultConfiguration") or {}
    given = data.get("ResultConfiguration") or {}
    if configuration.get("EnforceWorkGroupConfiguration") and prescribed.get("OutputLocation"):
        given = prescribed
    location = given.get("OutputLocation") or prescribed.get("OutputLocation")
    return {**given, "OutputLocation": location.rstrip("/") + "/"} if location else given


def _get_results(original: Handler) -> Handler:
    def get_query_results(data: dict[str, Any]) -> Response:
        found = athena._executions.get(data.get("QueryExecutionId")) or {}
        rows = int(data.get("MaxResults") or MAX_ROWS)
        if rows > MAX_ROWS:
            return _refused(f"MaxResults is more than maximum allowed length {MAX_ROWS}.")
        if found.get("StatementType") == "DML" and not data.get("NextToken") and rows > 1:
            rows -= 1  # the row of column names counts
        status, _, body = response = original({**data, "MaxResults": rows})
        if status != 200:
            return response
        answer = json.loads(body)
        described = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        for info, (_, kind, precision, scale) in zip(described, found.get("_columns") or [], strict=False):
            info.update(Type=kind, Precision=precision, Scale=scale)
        return cast("Response", json_response({**answer, "UpdateCount": found.get("_update_count") or 0}))

    return get_query_results


def _stop(original: Handler) -> Handler:
    def stop_query_execution(data: dict[str, Any]) -> Response:
        response = original(data)
        execution.cancel(data.get("QueryExecutionId", ""))
        return response

    return stop_query_execution


def _get_workgroup(original: Handler) -> Handler:
    def get_workgroup(data: dict[str, Any]) -> Response:
        group = athena._workgroups.get(data.get("WorkGroup"))
        if group is not None:
            group.setdefault("Configuration", {}).setdefault("EnforceWorkGroupConfiguration", False)
        return original(data)

    return get_workgroup
