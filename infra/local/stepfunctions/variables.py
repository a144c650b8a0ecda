"""Assign: every expression of one Assign sees the variables as they were before it.

The emulator evaluates them one after the other, each on the results of those above it, so that a state machine could
pass on a laptop and fail on AWS.
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#eval-order-variables
"""

from typing import Any

from ministack.services import stepfunctions

from infra.local.account.hooks import replace


def assign(
    state_def: dict[str, Any], raw_input: Any, ctx: dict[str, Any] | None, result: Any = None, error_output: Any = None
) -> None:
    """Evaluate a state's or a catcher's Assign, then set its variables all at once.

    Raises:
        _ExecutionError: States.QueryEvaluationError.
    """
    assign = state_def.get("Assign")
    if ctx is None or not isinstance(assign, dict) or stepfunctions._state_query_language(state_def, ctx) != "JSONata":
        return
    values = stepfunctions._apply_jsonata_template(assign, raw_input, ctx, result=result, error_output=error_output)
    ctx.setdefault("variables", {}).update(values)


def apply() -> None:
    """Put the completion in place."""
    replace(stepfunctions, "_apply_state_assign", "state_def raw_input ctx result error_output", assign)
