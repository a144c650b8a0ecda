"""Result reuse: a query answered with an earlier one's result.

https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html: the same text in the same database and
workgroup, a SELECT that succeeded no longer ago than the request allows. Nothing is scanned.
"""

import copy
import time
from typing import Any

from ministack.services import athena

Execution = dict[str, Any]
_DEFAULT_MINUTES = 60
_COPIED = ("StatementType", "SubstatementType", "_columns", "_update_count", "_results", "_column_types")


def reuse(execution: Execution, request: dict[str, Any]) -> bool:
    """Whether an execution that was just submitted got an earlier one's result; it has ended then."""
    configuration = request.get("ResultReuseConfiguration") or {}
    by_age = configuration.get("ResultReuseByAgeConfiguration") or {}
    execution["ResultReuseConfiguration"] = configuration or {"ResultReuseByAgeConfiguration": {"Enabled": False}}
    execution["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": False}
    if not by_age.get("Enabled"):
        return False
    oldest = time.time() - 60 * int(by_age.get("MaxAgeInMinutes") or _DEFAULT_MINUTES)
    earlier = _find(execution, oldest)
    if earlier is None:
        return False
    execution.update({name: copy.deepcopy(earlier[name]) for name in _COPIED if name in earlier})
    execution["ResultConfiguration"]["OutputLocation"] = earlier["ResultConfiguration"]["OutputLocation"]
    execution["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": True}
    execution["Status"].update(State="SUCCEEDED", CompletionDateTime=round(time.time(), 3))
    return True


def _find(execution: Execution, oldest: float) -> Execution | None:
    for other in reversed(list(athena._executions.values())):
        if (
            other is not execution
            and other["Query"] == execution["Query"]
            and other["QueryExecutionContext"] == execution["QueryExecutionContext"]
            and other["WorkGroup"] == execution["WorkGroup"]
            and other.get("ExecutionParameters") == execution.get("ExecutionParameters")
            and other.get("_caller") == execution.get("_caller")
            and other.get("SubstatementType") == "SELECT"
            and other["Status"]["State"] == "SUCCEEDED"
            and (other["Status"].get("CompletionDateTime") or 0) >= oldest
        ):
            return dict(other)
    return None
