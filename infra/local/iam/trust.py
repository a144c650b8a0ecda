"""Trust policies that name the account, and the resource, on whose behalf a service takes a role.

AWS: a service that takes a role for somebody says for which account (`aws:SourceAccount`) and for which resource
(`aws:SourceArn`): the build project, the state machine, the schedule's group, the log group of the subscription.
Firehose names the account as the external id. A trust policy with these conditions refuses what another account's, or
another resource's, work asks of the service.
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role

MiniStack 1.5.33 evaluates trust policies, but its services take roles with the keys of the account's owner and name
neither, so that every such policy refuses them. Here the owner stands for the resources that have the role.

Hook: `iam_evaluator.evaluate_trust_policy`, which STS asks.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from infra.local.account.hooks import replace


def sources(role_arn: str, region: str) -> Iterator[str]:
    """The ARNs of this account's resources that have a role, as their services name them.

    Args:
        role_arn: the role.
        region: of the request.
    """
    from ministack.services import cloudwatch_logs, codebuild, scheduler, stepfunctions

    account = role_arn.split(":")[4]
    for arn, machine in stepfunctions._state_machines.items():
        if machine.get("roleArn") == role_arn:
            yield str(arn)
    for name, project in codebuild._projects.items():
        if project.get("serviceRole") == role_arn:
            yield f"arn:aws:codebuild:{region}:{account}:project/{name}"
    for schedule in scheduler._schedules.values():
        if schedule.get("Target", {}).get("RoleArn") == role_arn:
            yield f"arn:aws:scheduler:{region}:{account}:schedule-group/{schedule.get('GroupName', 'default')}"
    for name, group in cloudwatch_logs._log_groups.items():
        if any(each.get("roleArn") == role_arn for each in (group.get("subscriptionFilters") or {}).values()):
            yield f"arn:aws:logs:{region}:{account}:log-group:{name}:*"


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it evaluates a trust policy.
    """
    from ministack.core import iam_evaluator

    def evaluate_trust_policy(trust_doc: Any, caller_arn: str, ctx: Any = None) -> bool:
        if ctx is None or not caller_arn.endswith(":root"):
            return bool(original(trust_doc, caller_arn, ctx))
        account = ctx.principal_account
        named = {
            **ctx.service_context,
            "aws:sourceaccount": account,
            "sts:externalid": ctx.service_context.get("sts:externalid") or account,
        }
        return any(
            original(trust_doc, caller_arn, dataclasses.replace(ctx, service_context={**named, "aws:sourcearn": arn}))
            for arn in (*sources(ctx.resource_arn, ctx.region), None)
        )

    original = replace(iam_evaluator, "evaluate_trust_policy", "trust_doc caller_arn ctx", evaluate_trust_policy)
