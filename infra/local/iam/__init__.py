"""IAM: condition keys, and the resources that requests are checked against.

AWS: a policy's conditions see the request's condition keys, and each action is checked against the resources that its
service's authorization page names.

MiniStack 1.5.33 enforces identity policies, but leaves out condition keys that policies here use, and for some services
asks about `*` or about another resource than the request's, so that a correct policy fails and a wrong one may pass.

Hooks: see `conditions` and `resources`.
"""

from infra.local.iam import conditions, resources


def apply() -> None:
    """Put every completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it asks for permission.
    """
    for module in (conditions, resources):
        module.apply()
