"""Functions with roles of their own, accounts of a test's own, and what CloudWatch measured."""

import dataclasses
import io
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port
from tests.integration.conftest import RoleFactory

FunctionFactory = Callable[..., str]


@dataclasses.dataclass
class OwnBucket:
    """A bucket of a test's own, and a role that may use it and nothing else."""

    account: Account
    name: str
    role_arn: str

    @property
    def s3(self) -> Any:
        return self.account.session.client("s3")


@pytest.fixture
def own_account(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account that the test alone uses and may stop and start; AWS clients of the test reach it."""
    settings = Settings(home=tmp_path / "account", port=free_port(), firehose_seconds=1, alarm_seconds=1)
    for name, value in settings.client_environment().items():
        monkeypatch.setenv(name, value)
    own = Account.at(settings)
    own.start()
    yield own
    own.stop()


@pytest.fixture
def function(account: Account, role: RoleFactory) -> Iterator[FunctionFactory]:
    """`function(name, source, {"Effect": "Allow", …}, …, **settings)` creates a Python function and returns its ARN.

    `source` is the text of its one module and defines `handler`; the statements are all that its role may do, unless
    `Role` is among the settings. It is deleted after the test.
    """
    client = account.session.client("lambda")
    names: list[str] = []

    def create(name: str, source: str, *statements: dict[str, Any], **settings: Any) -> str:
        chosen = settings.pop("Role", None) or role("lambda", *statements)
        made = client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="main.handler",
            Role=chosen,
            Code={"ZipFile": bundle(source)},
            **{"Timeout": 30, **settings},
        )
        names.append(name)
        return made["FunctionArn"]

    yield create
    for name in names:
        for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            client.delete_event_source_mapping(UUID=mapping["UUID"])
        client.delete_function(FunctionName=name)


def bundle(source: str) -> bytes:
    """A deployment package whose only module, `main`, is `source`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("main.py", source)
    return archive.getvalue()


def measured(account: Account, namespace: str, name: str, metric: str) -> float:
    """The sum of the last minutes' data points of a metric whose only dimension has the value `name`."""
    dimension = {
        "AWS/ApiGateway": "ApiId",
        "AWS/DynamoDB": "TableName",
        "AWS/Firehose": "DeliveryStreamName",
        "AWS/Lambda": "FunctionName",
    }[namespace]
    now = datetime.now(UTC)
    points = account.session.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": name}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)
