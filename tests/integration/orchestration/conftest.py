"""The real state machine over stand-ins of its own: a crawler, a job and a build that a test may make fail."""

import dataclasses
import io
import json
import pathlib
import textwrap
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, document

DEFINITION = pathlib.Path(__file__).resolve().parents[3] / "orchestration" / "pipeline.asl.json"
SECONDS = 90


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@dataclasses.dataclass
class Pipeline:
    """The pipeline under a name of its own, with a queue that hears what operators are told.

    Args:
        name: of the machine, and of its crawler, job, project, bucket, database, topic and queue.
    """

    account: Account
    name: str
    arn: str
    topic: str
    queue: str
    roles: RoleFactory

    def client(self, service: str) -> Any:
        return self.account.session.client(service)  # type: ignore[call-overload]

    def crawler(self, *statements: dict[str, Any]) -> None:
        """A crawler over one bronze object, whose role may do what `statements` say."""
        s3, glue = self.client("s3"), self.client("glue")
        s3.put_object(Bucket=self.name, Key="cdc/dt=2026-11-23/hour=10/1", Body=b'{"schema_version": 1}\n')
        glue.create_database(DatabaseInput={"Name": self.name})
        targets = {"S3Targets": [{"Path": f"s3://{self.name}/cdc/"}]}
        glue.create_crawler(
            Name=self.name, Role=self.roles("glue", *statements), DatabaseName=self.name, Targets=targets
        )

    def job(self, script: str) -> None:
        """A Glue job that runs `script`."""
        self.client("s3").put_object(Bucket=self.name, Key="job.py", Body=textwrap.dedent(script).encode())
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{self.name}/job.py", "PythonVersion": "3"}
        job_role = self.roles("glue", allow("s3:GetObject", "s3:ListBucket", "logs:*"))
        self.client("glue").create_job(Name=self.name, Role=job_role, Command=command, Timeout=5)

    def project(self, buildspec: str, **files: str) -> None:
        """A CodeBuild project whose source is the buildspec and `files`, named with `__` for the dot."""
        source = io.BytesIO()
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("buildspec.yml", buildspec)
            for name, text in files.items():
                archive.writestr(name.replace("__", "."), text)
        self.client("s3").put_object(Bucket=self.name, Key="source.zip", Body=source.getvalue())
        self.client("codebuild").create_project(
            name=self.name,
            source={"type": "S3", "location": f"{self.name}/source.zip"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=self.roles("codebuild", allow("s3:GetObject", "logs:*")),
        )

    def run(self) -> dict[str, Any]:
        """Run one execution to its end; its description."""
        machines = self.client("stepfunctions")
        execution = machines.start_execution(stateMachineArn=self.arn)["executionArn"]

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = machines.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return until("the execution to end", ended, SECONDS)

    def told(self) -> dict[str, str]:
        """The one message that operators got: its subject, and its lines by what they begin with."""
        sqs = self.client("sqs")

        def received() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
                "Messages", []
            )
            return found

        (message,) = until("the operators' message", received, 20)
        body = json.loads(message["Body"])
        lines = dict(line.split(": ", 1) for line in body["Message"].splitlines())
        return {"Subject": body["Subject"], **lines}

    def failed_states(self) -> set[str]:
        """The states for which this machine has recorded a failure."""
        found = self.client("cloudwatch").list_metrics(
            Namespace="TodoInsights",
            MetricName="StateFailed",
            Dimensions=[{"Name": "StateMachine", "Value": self.name}],
        )["Metrics"]
        return {
            dimension["Value"]
            for metric in found
            for dimension in metric["Dimensions"]
            if dimension["Name"] == "State" and {"Name": "StateMachine", "Value": self.name} in metric["Dimensions"]
        }


@pytest.fixture
def pipeline(account: Account, unique: str, role: RoleFactory) -> Iterator[Pipeline]:
    """The machine's definition as it is deployed, but for the names of what it starts."""
    name = f"pipeline-{unique}"
    session = account.session
    topic = session.client("sns").create_topic(Name=name)["TopicArn"]
    sqs = session.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    hears = {
        **allow("sqs:SendMessage", resource=queue_arn),
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document(hears)})
    session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    session.client("s3").create_bucket(Bucket=name)
    definition = DEFINITION.read_text().replace("${AlertsTopicArn}", topic)
    for fixed in ("todo-bronze-crawler", "todo-silver", "todo-dbt"):
        assert f'"{fixed}"' in definition
        definition = definition.replace(f'"{fixed}"', f'"{name}"')
    machines = session.client("stepfunctions")
    arn = machines.create_state_machine(
        name=name,
        definition=definition,
        roleArn=role(
            "states",
            allow("glue:StartCrawler", "glue:GetCrawler", "glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun"),
            allow("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"),
            allow("cloudwatch:PutMetricData"),
            allow("sns:Publish", resource=topic),
        ),
    )["stateMachineArn"]
    yield Pipeline(account, name, arn, topic, queue, role)
    machines.delete_state_machine(stateMachineArn=arn)
    session.client("sns").delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)
