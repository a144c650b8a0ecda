"""Whether a role may do something, asked without a request: for what a service does inside the account as that role.

The question is put to MiniStack's evaluator directly, with the role's policies and its permissions boundary.
"""


def is_allowed(role_arn: str, action: str, resource_arn: str, session_name: str = "service") -> bool:
    """Whether the policies of a role allow `action` on `resource_arn`.

    Args:
        role_arn: a role of the current request's account.
        action: such as `firehose:PutRecord`.
        resource_arn: full ARN.
        session_name: of the session in which the service would act.
    """
    from ministack.core import iam_evaluator
    from ministack.services import iam

    region, account = resource_arn.split(":")[3], role_arn.split(":")[4]  # a bucket's ARN names no account
    role = role_arn.rsplit("/", 1)[-1]
    policies = iam_evaluator._gather_role_policies(role, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, role, account)
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{session_name}",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=region,
    )
    return bool(iam_evaluator.evaluate(request, policies, *limits).decision == "Allow")
