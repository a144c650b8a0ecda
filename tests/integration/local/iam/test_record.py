"""What a role was allowed is kept; what it was refused is not."""

import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from infra.local.iam import record
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account


def test_each_permission_that_a_role_uses_is_kept(account: Account, role: RoleFactory, unique: str) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=f"used-{unique}")
    for key in ("one/two/three/four", "one/two/three/five"):
        s3.put_object(Bucket=f"used-{unique}", Key=key, Body=b"")
    objects = f"arn:aws:s3:::used-{unique}/*"
    arn = role("lambda", {"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": objects})
    mine = role_session(arn, "user").client("s3")
    for key in ("one/two/three/four", "one/two/three/five"):
        mine.get_object(Bucket=f"used-{unique}", Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        mine.put_object(Bucket=f"used-{unique}", Key="x", Body=b"")

    name = arn.rpartition("/")[2]
    found = {(action, resource) for used, action, resource in record.read(account.settings.home) if used == name}
    assert found == {("s3:GetObject", f"arn:aws:s3:::used-{unique}/one/two/…")}


@pytest.mark.parametrize(
    ("resource", "short"),
    [
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
        ("arn:aws:s3:::bucket/key", "arn:aws:s3:::bucket/key"),
        ("arn:aws:s3:::bucket/a/b/c/d", "arn:aws:s3:::bucket/a/b/…"),
        ("arn:aws:logs:r:1:log-group:/aws/lambda/f:log-stream:x", "arn:aws:logs:r:1:log-group:/aws/lambda/f:…"),
        ("arn:aws:dynamodb:r:1:table/t", "arn:aws:dynamodb:r:1:table/t"),
    ],
)
def test_names_that_are_new_each_time_are_left_out(resource: str, short: str) -> None:
    assert record.shorten(resource) == short
