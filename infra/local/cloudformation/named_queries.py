"""AWS::Athena::NamedQuery, which the emulator's Athena holds but its CloudFormation refuses.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-athena-namedquery.html
"""

import json

from ministack.services import athena
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import hook
from infra.local.cloudformation.handlers import Created, Properties, add_type, must_succeed


def create(logical_id: str, properties: Properties, stack: str) -> Created:
    """Save the query; Ref is its id."""
    request = {
        **properties,
        "Name": properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=128),
    }
    body = must_succeed(athena._create_named_query(request), "AWS::Athena::NamedQuery")
    query_id = json.loads(body)["NamedQueryId"]
    return query_id, {"NamedQueryId": query_id}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Every property of a saved query requires replacement."""
    created = create(logical_id, new, stack)
    provisioners._delete_predecessor(delete, physical_id, old)
    return created


def delete(physical_id: str, properties: Properties) -> None:  # noqa: ARG001
    """Delete the saved query; one that is gone already is fine."""
    athena._delete_named_query({"NamedQueryId": physical_id})


def apply() -> None:
    """Put the completion in place."""
    hook(athena, "_create_named_query", "data")
    hook(athena, "_delete_named_query", "data")
    hook(provisioners, "_delete_predecessor", "delete_fn args kwargs")
    add_type("AWS::Athena::NamedQuery", create, update, delete)
