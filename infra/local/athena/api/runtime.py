"""GetQueryRuntimeStatistics and ListEngineVersions, which the emulator does not know.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryRuntimeStatistics.html and
https://docs.aws.amazon.com/athena/latest/APIReference/API_ListEngineVersions.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena

ENGINE = "Athena engine version 3"


def get_query_runtime_statistics(data: dict[str, Any]) -> Any:
    """Where a query's time went, and how many rows and bytes it read and gave."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return error_response_json(
            "InvalidRequestException", f"QueryExecution {data.get('QueryExecutionId')} was not found", 400
        )
    known = execution["Statistics"]
    total, queued = known.get("TotalExecutionTimeInMillis") or 0, known.get("QueryQueueTimeInMillis") or 0
    timeline = {
        "QueryQueueTimeInMillis": queued,
        "QueryPlanningTimeInMillis": 0,
        "EngineExecutionTimeInMillis": known.get("EngineExecutionTimeInMillis") or 0,
        "ServiceProcessingTimeInMillis": 0,
        "TotalExecutionTimeInMillis": total,
    }
    rows = (execution.get("_results") or {}).get("rows") or []
    counts = {
        "InputBytes": known.get("DataScannedInBytes") or 0,
        "OutputBytes": sum(len(str(value)) for row in rows for value in row if value is not None),
        "OutputRows": len(rows),
    }
    return json_response({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": counts}})


def list_engine_versions(_data: dict[str, Any]) -> Any:
    """The one engine, and the choice of the newest."""
    versions = [{"SelectedEngineVersion": name, "EffectiveEngineVersion": ENGINE} for name in ("AUTO", ENGINE)]
    return json_response({"EngineVersions": versions})


ACTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "GetQueryRuntimeStatistics": get_query_runtime_statistics,
    "ListEngineVersions": list_engine_versions,
}
