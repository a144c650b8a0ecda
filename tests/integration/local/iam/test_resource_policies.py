"""A request needs permission on what it is about: a build's project, a query's workgroup, an object's old versions."""

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from infra.local.account.credentials import role_session
from tests.conftest import Account
from tests.integration.conftest import RoleFactory

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

pytestmark = pytest.mark.account


def test_builds_are_read_and_stopped_with_permission_on_their_project_only(
    account: Account, role: RoleFactory, unique: str
) -> None:
    owner = account.session.client("codebuild")
    builds: dict[str, str] = {}
    runner = role("codebuild", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    for name in (f"mine-{unique}", f"other-{unique}"):
        owner.create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": '{"version": 0.2, "phases": {"build": {"commands": ["true"]}}}'},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "standard", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=runner,
        )
        builds[name] = owner.start_build(projectName=name)["build"]["id"]
    mine, other = builds.values()
    reader = role(
        "states",
        {
            "Effect": "Allow",
            "Action": ["codebuild:BatchGetBuilds", "codebuild:StopBuild"],
            "Resource": f"arn:aws:codebuild:us-east-1:000000000000:project/mine-{unique}",
        },
    )
    codebuild = role_session(reader, "reader").client("codebuild")
    assert codebuild.batch_get_builds(ids=[mine])["builds"][0]["projectName"] == f"mine-{unique}"
    assert codebuild.stop_build(id=mine)["build"]["id"] == mine
    with pytest.raises(ClientError, match="codebuild:BatchGetBuilds"):
        codebuild.batch_get_builds(ids=[other])
    with pytest.raises(ClientError, match="codebuild:StopBuild"):
        codebuild.stop_build(id=other)


def test_a_query_is_read_with_permission_on_its_workgroup_only(
    account: Account, role: RoleFactory, unique: str
) -> None:
    owner = account.session.client("athena")
    account.session.client("s3").create_bucket(Bucket=f"results-{unique}")
    queries = []
    for name in (f"mine-{unique}", f"other-{unique}"):
        owner.create_work_group(
            Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://results-{unique}/"}}
        )
        queries.append(owner.start_query_execution(QueryString="select 1", WorkGroup=name)["QueryExecutionId"])
    reader = role(
        "codebuild",
        {
            "Effect": "Allow",
            "Action": ["athena:GetQueryExecution", "athena:GetNamedQuery", "athena:BatchGetNamedQuery"],
            "Resource": f"arn:aws:athena:us-east-1:000000000000:workgroup/mine-{unique}",
        },
    )
    athena = role_session(reader, "reader").client("athena")
    assert athena.get_query_execution(QueryExecutionId=queries[0])["QueryExecution"]["WorkGroup"] == f"mine-{unique}"
    with pytest.raises(ClientError, match="athena:GetQueryExecution"):
        athena.get_query_execution(QueryExecutionId=queries[1])

    saved = [
        owner.create_named_query(Name="one", Database="default", QueryString="select 1", WorkGroup=name)["NamedQueryId"]
        for name in (f"mine-{unique}", f"other-{unique}")
    ]
    assert athena.get_named_query(NamedQueryId=saved[0])["NamedQuery"]["QueryString"] == "select 1"
    assert len(athena.batch_get_named_query(NamedQueryIds=saved[:1])["NamedQueries"]) == 1
    with pytest.raises(ClientError, match="athena:GetNamedQuery"):
        athena.get_named_query(NamedQueryId=saved[1])
    with pytest.raises(ClientError, match="athena:BatchGetNamedQuery"):
        athena.batch_get_named_query(NamedQueryIds=saved[1:])


def test_old_versions_are_deleted_many_at_once_with_permission_on_versions_only(
    account: Account, role: RoleFactory, unique: str
) -> None:
    owner = account.session.client("s3")
    owner.create_bucket(Bucket=unique)
    owner.put_bucket_versioning(Bucket=unique, VersioningConfiguration={"Status": "Enabled"})
    old, current = (owner.put_object(Bucket=unique, Key="data", Body=body)["VersionId"] for body in (b"1", b"2"))
    cleaner = role(
        "glue", {"Effect": "Allow", "Action": "s3:DeleteObjectVersion", "Resource": f"arn:aws:s3:::{unique}/*"}
    )
    s3 = role_session(cleaner, "cleaner").client("s3")
    version: ObjectIdentifierTypeDef = {"Key": "data", "VersionId": old}
    batches: list[list[ObjectIdentifierTypeDef]] = [[{"Key": "data"}], [version, {"Key": "data"}]]
    for deleted in batches:
        with pytest.raises(ClientError, match="s3:DeleteObject "):
            s3.delete_objects(Bucket=unique, Delete={"Objects": deleted})
    s3.delete_objects(Bucket=unique, Delete={"Objects": [version]})
    assert [left["VersionId"] for left in owner.list_object_versions(Bucket=unique)["Versions"]] == [current]
