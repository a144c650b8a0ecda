"""Trust policies that name the account on whose behalf a service takes a role.

AWS: a service that takes a role for somebody says for which account (`aws:SourceAccount`); Firehose names the account
as the external id. A trust policy with these conditions refuses what another account's resources ask of the service.
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role

MiniStack 1.5.33 evaluates trust policies, but its services take roles with the keys of the account's owner and name no
account, so that every such policy refuses them.

Hook: `iam_evaluator.evaluate_trust_policy`, which STS asks.
"""

import dataclasses
from typing import Any

from infra.local.account.hooks import replace


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it evaluates a trust policy.
    """
    from ministack.core import iam_evaluator

    def evaluate_trust_policy(trust_doc: Any, caller_arn: str, ctx: Any = None) -> bool:
        if ctx is not None and caller_arn.endswith(":root"):
            account = ctx.principal_account
            named = {
                "aws:sourceaccount": account,
                "sts:externalid": ctx.service_context.get("sts:externalid") or account,
            }
            ctx = dataclasses.replace(ctx, service_context={**ctx.service_context, **named})
        return bool(original(trust_doc, caller_arn, ctx))

    original = replace(iam_evaluator, "evaluate_trust_policy", "trust_doc caller_arn ctx", evaluate_trust_policy)
