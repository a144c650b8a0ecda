"""AWS::DynamoDB::Table: time to live, point-in-time recovery and encryption, which the emulator drops.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from ministack.services import dynamodb

from infra.local.account.hooks import hook
from infra.local.cloudformation.handlers import Properties, after_change, as_bool, must_succeed


def _apply_time_to_live(table: str, old: Properties, new: Properties) -> None:
    requested = new.get("TimeToLiveSpecification")
    if requested:
        specification = {**requested, "Enabled": as_bool(requested["Enabled"])}
    elif old.get("TimeToLiveSpecification"):
        specification = {**old["TimeToLiveSpecification"], "Enabled": False}
    else:
        return
    request = {"TableName": table, "TimeToLiveSpecification": specification}
    must_succeed(dynamodb._update_ttl(request), "TimeToLiveSpecification")


def _apply_recovery(table: str, old: Properties, new: Properties) -> None:
    property_name = "PointInTimeRecoverySpecification"
    if property_name not in old and property_name not in new:
        return
    requested = new.get(property_name) or {}
    request = {
        "TableName": table,
        property_name: {"PointInTimeRecoveryEnabled": as_bool(requested.get("PointInTimeRecoveryEnabled", False))},
    }
    must_succeed(dynamodb._update_continuous_backups(request), property_name)


def _apply_encryption(table: str, old: Properties, new: Properties) -> None:
    requested = new.get("SSESpecification")
    if requested and not old:  # an update of it reaches the emulator's UpdateTable already
        specification = {**requested, "Enabled": as_bool(requested["SSEEnabled"])}
        dynamodb._tables[table]["SSEDescription"] = dynamodb._sse_description_from_spec(specification)


def _complete(table: str, old: Properties, new: Properties) -> None:
    _apply_time_to_live(table, old, new)
    _apply_recovery(table, old, new)
    _apply_encryption(table, old, new)


def apply() -> None:
    """Put the completion in place."""
    hook(dynamodb, "_update_ttl", "data")
    hook(dynamodb, "_update_continuous_backups", "data")
    hook(dynamodb, "_sse_description_from_spec", "spec")
    after_change("AWS::DynamoDB::Table", _complete)
