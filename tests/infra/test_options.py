"""What only the owner of an account can choose: a key of one's own, a second factor, mails by SES."""

import json
import pathlib
from typing import Any

import pytest

from infra.app import synthesize
from infra.environments import EXAMPLE, SettingsError, from_context

pytestmark = pytest.mark.slow

CHOSEN = {"customer-key": "on", "mfa": "optional", "ses-from": "no-reply@example.com"}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Properties by type, of data and API with everything chosen."""
    folder: pathlib.Path = tmp_path_factory.mktemp("options")
    synthesize({"target": "local", "environment": "staging", **EXAMPLE["staging"], **CHOSEN}, str(folder))
    found: dict[str, list[dict[str, Any]]] = {}
    for stack in ("TodoDataStack", "TodoApiStack"):
        for resource in json.loads((folder / f"{stack}.template.json").read_text())["Resources"].values():
            found.setdefault(resource["Type"], []).append(resource.get("Properties", {}))
    return found


def test_a_customer_key_encrypts_every_bucket_and_the_table(resources: dict[str, list[dict[str, Any]]]) -> None:
    (key,) = resources["AWS::KMS::Key"]
    assert key["EnableKeyRotation"] is True
    buckets = resources["AWS::S3::Bucket"]
    assert len(buckets) == 4
    for bucket in buckets:
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (table,) = resources["AWS::DynamoDB::Table"]
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_the_key_serves_s3_and_dynamodb_of_this_account_only(resources: dict[str, list[dict[str, Any]]]) -> None:
    (key,) = resources["AWS::KMS::Key"]
    _, *others = key["KeyPolicy"]["Statement"]
    assert len(others) == 3
    for statement in others:
        condition = statement["Condition"]["StringEquals"]
        assert condition["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
        services = [service["Fn::Join"][1][0] for service in condition["kms:ViaService"]]
        assert services == ["s3.", "dynamodb."]


def test_a_second_factor_is_an_authenticator_app_and_mails_come_from_the_own_domain(
    resources: dict[str, list[dict[str, Any]]],
) -> None:
    (pool,) = resources["AWS::Cognito::UserPool"]
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["EmailConfiguration"]["EmailSendingAccount"] == "DEVELOPER"
    assert "no-reply@example.com" in pool["EmailConfiguration"]["From"]


@pytest.mark.parametrize(("key", "value"), [("mfa", "required"), ("ses-from", "example.com")])
def test_what_could_not_work_is_refused(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        from_context({"target": "local", "environment": "dev", key: value})
