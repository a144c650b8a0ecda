"""Step Functions: the integrations that wait, the role's permissions, and what the end of an execution ends.

AWS: `glue:startJobRun.sync`, `codebuild:startBuild.sync` and `athena:startQueryExecution.sync` start the work, wait for
it and return its description; a state that is stopped or times out stops the work. Every call is made with the state
machine's role. An execution may have a time limit of its own, counts in AWS/States, and has an output only when it
succeeded.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html

MiniStack 1.5.33: those three fail as "not yet implemented" (`aws-sdk:` calls exist, for fewer services); every call is
made with the account owner's permissions; a stopped execution goes on in its thread, may start more work and may end as
FAILED after it was ABORTED; the definition's TimeoutSeconds is ignored; there are no AWS/States metrics; a FAILED
execution has an output; a throttled function fails as Lambda.Unknown; the history of one that ran when the account
stopped never ends; RedriveExecution does not exist.

Hooks, by module:

- `permissions` (calls are made as the role): `app.call_service_handler_sync`, `_invoke_resource`,
  `_invoke_with_callback`, `_call_lambda`
- `tasks` (which execution a call is made for; a state's time limit; nothing starts after the end): `_execute_task`,
  `_invoke_resource`, `_invoke_resource_with_timeout`
- `integrations` (the three integrations; more services for `aws-sdk:`): `_SERVICE_DISPATCH`, `_AWS_SDK_SERVICE_MAP`
- `executions` (how an execution ends): `_run_execution`, `_fail_execution`, `_describe_execution`, `_list_executions`,
  `_add_event`, `load_persisted_state`
- `redrive` (RedriveExecution): `handle_request`, and `_execute_task` and its like (what the variables are)
- `metrics` (AWS/States): `_emit_execution_status_event`
- `retries` (MaxDelaySeconds, JitterStrategy, throttled functions): `_find_matching_retrier`, `_call_lambda`
- `single_states` (TestState with variables and mocks): `_test_state`
- `variables` (an Assign sees the values from before it): `_apply_state_assign`
"""

from infra.local.stepfunctions import (
    executions,
    integrations,
    metrics,
    permissions,
    retries,
    single_states,
    tasks,
    variables,
)


def apply() -> None:
    """Put every completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator's interpreter no longer has the shape that a completion was written for.
    """
    for module in (single_states, permissions, tasks, integrations, executions, metrics, variables, retries):
        module.apply()
