"""IAM: condition keys, and the resources that requests are checked against.

AWS: a policy's conditions see the request's condition keys, and each action is checked against the resources that its
service's authorization page names.

MiniStack 1.5.33 enforces identity policies, but leaves out condition keys that policies here use, and for some services
asks about `*` or about another resource than the request's, so that a correct policy fails and a wrong one may pass.

Hooks: see `actions`, `conditions`, `leading_keys`, `record`, `resources` and `trust`; `roles` asks the evaluator
(`_gather_role_policies`, `_permissions_boundary`, `evaluate`).
"""

from infra.local.account import hooks
from infra.local.iam import actions, conditions, leading_keys, record, resources, trust


def apply() -> None:
    """Put every completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it asks for permission.
    """
    from ministack.core import iam_evaluator

    hooks.hook(iam_evaluator, "_gather_role_policies", "role_name account_id")
    hooks.hook(iam_evaluator, "_permissions_boundary", "store name account_id")
    hooks.hook(iam_evaluator, "evaluate", "ctx policies limits")
    for module in (actions, conditions, leading_keys, record, resources, trust):
        module.apply()
