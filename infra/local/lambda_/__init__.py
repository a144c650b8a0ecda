"""AWS Lambda: what a failed invocation says, and metrics for every invocation whoever caused it.

AWS: an invocation that raises returns `{"errorMessage", "errorType": "<class>", "stackTrace"}`; Step Functions matches
errorType against Retry and Catch, and the function's log has an `[ERROR]` line. A function that cannot be imported
fails with `Runtime.ImportModuleError`, `Runtime.HandlerNotFound` or `Runtime.UserCodeSyntaxError`, and one whose
process ends with `Runtime.ExitError`. Each invocation counts in AWS/Lambda (Invocations, Errors, Duration, Throttles by
FunctionName); a throttled request counts as a throttle only. Source: Lambda developer guide, "Using Lambda function
errors in Python" and "Types of metrics for Lambda functions".

MiniStack 1.5.33: every exception comes back as `Runtime.HandlerError`, a function that cannot be imported as
`RuntimeError` with nothing in its log; AWS/Lambda metrics come from the Invoke API only, so invocations by event source
mappings, API Gateway, Step Functions and asynchronous callers do not count. What it does well needs no completion, only
a test: under AUTH a worker has its role's credentials and this account's endpoint, its output is in
`/aws/lambda/<name>`, and new code replaces warm workers.

Hooks: `lambda_runtime._PYTHON_WORKER_SCRIPT` (the worker's text: its error replies carry the exception),
`lambda_svc._execute_function_warm` (reads that), `_execute_function_dispatch` (each invocation passes it exactly once)
and `_emit_lambda_metrics`.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from infra.local.account import hooks

RAISED = "raised "
REPLIES = {
    # while the function's module is imported
    '{"status": "error", "error": str(e)}': '{"status": "error", "error": _raised(e, module_name)}',
    # while the handler runs
    '{"status": "error", "error": str(e), "trace": traceback.format_exc()}': (
        '{"status": "error", "error": _raised(e), "trace": "[ERROR] " + type(e).__name__ + ": " + str(e) + "\\n"'
        " + traceback.format_exc()}"
    ),
}
DESCRIBE = f'''
def _raised(error, importing=None):
    import json, sys, traceback

    kind, message = type(error).__name__, str(error)
    if importing and isinstance(error, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{{importing}}': {{error}}"
    elif importing and isinstance(error, SyntaxError):
        kind, message = "Runtime.UserCodeSyntaxError", f"Syntax error in module '{{importing}}': {{error}}"
    elif importing and isinstance(error, AttributeError) and importing in sys.modules:
        kind, message = "Runtime.HandlerNotFound", f"Handler missing on module '{{importing}}': {{error}}"
    trace = traceback.format_tb(error.__traceback__)[1:]
    return "{RAISED}" + json.dumps({{"errorMessage": message, "errorType": kind, "stackTrace": trace}})
'''
# what the emulator says about a worker that ended without a reply
ENDED = re.compile(r"Worker (process died|returned no response|process exited immediately)")
FAILURE = re.compile(rf"(?P<importing>Worker init failed: )?{RAISED}(?P<payload>{{.*}})", re.DOTALL)


def worker_script(original: str) -> str:
    """The worker's text with error replies that carry the exception's class.

    Raises:
        HookChangedError: a reply that has to be replaced is not in the text exactly once.
    """
    text = original
    for reply, replacement in REPLIES.items():
        if text.count(reply) != 1:
            raise hooks.HookChangedError(f"the Python worker no longer replies with {reply}")
        text = text.replace(reply, replacement)
    return DESCRIBE + text


def explained(result: dict[str, Any]) -> dict[str, Any]:
    """A warm worker's result with the body that AWS gives a failed invocation."""
    body = result.get("body")
    if not result.get("error") or not isinstance(body, dict):
        return result
    message = str(body.get("errorMessage", ""))
    if failure := FAILURE.fullmatch(message):
        payload = json.loads(failure["payload"])
        log = result.get("log", "")
        if failure["importing"]:
            log = "\n".join([f"[ERROR] {payload['errorType']}: {payload['errorMessage']}", *payload["stackTrace"]])
        return {**result, "body": payload, "log": log}
    if ENDED.match(message):
        return {**result, "body": {"errorMessage": message, "errorType": "Runtime.ExitError"}}
    return result


def record(function_name: str, **metrics: tuple[float, str]) -> None:
    """Put metrics of one function into AWS/Lambda, each as (value, unit)."""
    from ministack.services import cloudwatch

    for name, (value, unit) in metrics.items():
        cloudwatch.record_metric("AWS/Lambda", name, value, unit, {"FunctionName": function_name})


def _emit_lambda_metrics(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
    # MiniStack reports a throttle where it refuses the invocation (duration 0) and again where it answers the request
    if throttle and not duration_ms and not error:
        record(function_name, Throttles=(1, "Count"))


def _counted(dispatch: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(
        func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        begin = time.monotonic()
        result = dispatch(func, config, event, request_id, started)
        record(
            config.get("FunctionName", "unknown"),
            Invocations=(1, "Count"),
            Errors=(1 if result.get("error") else 0, "Count"),
            Throttles=(0, "Count"),
            Duration=((time.monotonic() - begin) * 1000, "Milliseconds"),
        )
        return result

    return execute


def apply() -> None:
    """Complete Lambda in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lambda_runtime._PYTHON_WORKER_SCRIPT = worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    warm = hooks.hook(lambda_svc, "_execute_function_warm", "func event request_id")
    hooks.replace(
        lambda_svc,
        "_execute_function_warm",
        "func event request_id",
        lambda func, event, request_id: explained(warm(func, event, request_id)),
    )
    dispatch = hooks.hook(lambda_svc, "_execute_function_dispatch", "func config event request_id started")
    hooks.replace(lambda_svc, "_execute_function_dispatch", "func config event request_id started", _counted(dispatch))
    hooks.replace(lambda_svc, "_emit_lambda_metrics", "function_name duration_ms error throttle", _emit_lambda_metrics)
