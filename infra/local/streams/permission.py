"""Whether a function's role may read a stream, which Lambda does as that role.

The question is put to MiniStack's evaluator directly: its own check of DynamoDB stream requests looks for a table's
name in them, finds none, and so would ask for permission on every resource.
"""

from typing import Any

READ = ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")


def refused(config: dict[str, Any], stream_arn: str) -> str | None:
    """The first action on the stream that the role of the function with `config` may not do; None when it may read."""
    from ministack.core import iam_evaluator
    from ministack.services import iam

    _, _, _, region, account, _ = stream_arn.split(":", 5)
    role = config["Role"].rsplit("/", 1)[-1]
    policies = iam_evaluator._gather_role_policies(role, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, role, account)
    for action in READ:
        request = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{config['FunctionName']}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=stream_arn,
            region=region,
        )
        if iam_evaluator.evaluate(request, policies, *limits).decision != "Allow":
            return action
    return None
