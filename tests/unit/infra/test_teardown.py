"""Nothing is deleted while something refuses to be."""

from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from api.contract import TABLE_NAME
from infra.resource_names import USER_POOL
from infra.teardown import DestroyError, destroy

POOL = "eu-west-1_Abc123"


@pytest.mark.parametrize(
    ("table", "pool", "refusal"),
    [(True, "ACTIVE", f"table {TABLE_NAME} is protected"), (False, "ACTIVE", f"user pool {POOL} is protected")],
)
def test_protected_data_stops_a_removal_before_it_begins(table: bool, pool: str, refusal: str) -> None:
    session = cast("Any", boto3.Session("AKIA", "secret", region_name="eu-west-1"))
    clients = {service: session.client(service) for service in ("dynamodb", "cognito-idp", "cloudformation")}
    stubs = {service: Stubber(client) for service, client in clients.items()}
    stubs["dynamodb"].add_response("describe_table", {"Table": {"DeletionProtectionEnabled": table}})
    stubs["cognito-idp"].add_response(
        "list_user_pools", {"UserPools": [{"Id": "other", "Name": "somebody's"}, {"Id": POOL, "Name": USER_POOL}]}
    )
    stubs["cognito-idp"].add_response("describe_user_pool", {"UserPool": {"Id": POOL, "DeletionProtection": pool}})
    session.client = clients.__getitem__
    for stub in stubs.values():
        stub.activate()
    # any call beyond these, such as one that deletes, would be an error of the stubs
    with pytest.raises(DestroyError, match=refusal):
        destroy(session, delete_data=True, report=lambda _: None)
