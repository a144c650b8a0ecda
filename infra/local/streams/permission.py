"""Whether a function's role may read a stream, which Lambda does as that role.

MiniStack's own check of DynamoDB stream requests looks for a table's name in them, finds none, and so would ask for
permission on every resource.
"""

from typing import Any

from infra.local.iam.roles import is_allowed

READ = ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")


def refused(config: dict[str, Any], stream_arn: str) -> str | None:
    """The first action on the stream that the role of the function with `config` may not do; None when it may read."""
    denied = (action for action in READ if not is_allowed(config["Role"], action, stream_arn, config["FunctionName"]))
    return next(denied, None)
