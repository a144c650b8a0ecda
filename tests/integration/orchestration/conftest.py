"""The real state machine over stand-ins of its own: a crawler, a job and a build that a test may make fail.

The function that resolves the window is the real one; the one that publishes stands in for itself, because there is no
gold here.
"""

import dataclasses
import functools
import io
import json
import textwrap
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra import bundling
from infra.stacks.pipeline import SUBSTITUTIONS, substituted
from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory, document

FUNCTIONS = ("window", "publish", "notify")
SECONDS = 90
PUBLISHES = "def handler(event, context):\n    return {'users': 2, 'written': 2, 'deleted': 0}\n"


@functools.cache
def bundled(name: str) -> bytes:
    """A function's deployment package, as the stacks upload it."""
    folder, package = bundling.build(name, "local"), io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return package.getvalue()


def zipped(source: str) -> bytes:
    """A deployment package of one module, `main`."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", source)
    return package.getvalue()


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@dataclasses.dataclass
class Pipeline:
    """The pipeline under a name of its own, with a queue that receives what operators are notified of.

    Args:
        name: of the machine, and of its crawler, job, project, bucket, table, database, topic and queue; its functions'
            names begin with it.
    """

    account: Account
    name: str
    arn: str
    topic: str
    queue: str
    roles: RoleFactory

    def client(self, service: str) -> Any:
        return self.account.session.client(service)  # type: ignore[call-overload]

    def functions(self) -> None:
        """The real functions that plan and notify, and one that says that it published."""
        may = (
            allow("dynamodb:GetItem", "dynamodb:PutItem", "states:DescribeExecution"),
            allow("s3:ListBucket", "s3:GetObject", "s3:PutObject", "glue:GetCrawler", "glue:GetPartitions"),
        )
        variables = {
            "TABLE_NAME": self.name,
            "BRONZE_BUCKET": self.name,
            "GOLD_BUCKET": self.name,
            "ARTIFACTS_BUCKET": self.name,
            "CRAWLER_NAME": self.name,
            "CRAWL_HOURS": "0",
            "POWERTOOLS_SERVICE_NAME": "test",
            "ALERTS_TOPIC": self.topic,
            "RUNBOOKS_URL": "docs/runbooks/",
        }
        for suffix, handler, code, statements in (
            ("window", "orchestration.window.handler.handler", bundled("todo-resolve-window"), may),
            ("publish", "main.handler", zipped(PUBLISHES), ()),
            (
                "notify",
                "orchestration.notify.handler.handler",
                bundled("todo-notify-operators"),
                [allow("sns:Publish", resource=self.topic)],
            ),
        ):
            self.client("lambda").create_function(
                FunctionName=f"{self.name}-{suffix}",
                Runtime="python3.11",
                Handler=handler,
                Role=self.roles("lambda", *statements),
                Code={"ZipFile": code},
                Timeout=60,
                Environment={"Variables": variables},
            )

    def delivers(self, number: int = 1, day: str = "2026-11-23") -> None:
        """One more object in bronze."""
        key = f"cdc/dt={day}/hour=10/{number}"
        self.client("s3").put_object(Bucket=self.name, Key=key, Body=b'{"schema_version": 1}\n')

    def crawler(self, *statements: dict[str, Any]) -> None:
        """A crawler over bronze with one object, whose role may do what `statements` say."""
        glue = self.client("glue")
        self.delivers()
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

    def project(
        self,
        buildspec: str,
        *statements: dict[str, Any],
        files: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """A CodeBuild project from the buildspec and `files`, whose role may do what `statements` say."""
        source = io.BytesIO()
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("buildspec.yml", buildspec)
            for name, text in (files or {}).items():
                archive.writestr(name, text)
        self.client("s3").put_object(Bucket=self.name, Key="source.zip", Body=source.getvalue())
        self.client("codebuild").create_project(
            name=self.name,
            source={"type": "S3", "location": f"{self.name}/source.zip"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": name, "value": value} for name, value in (variables or {}).items()],
            },
            serviceRole=self.roles("codebuild", allow("s3:GetObject", "logs:*"), *statements),
        )

    def change(self, state: str, **fields: Any) -> None:
        """Deploy the same definition with other fields of one state."""
        machines = self.client("stepfunctions")
        definition = json.loads(machines.describe_state_machine(stateMachineArn=self.arn)["definition"])
        definition["States"][state].update(fields)
        machines.update_state_machine(stateMachineArn=self.arn, definition=json.dumps(definition))

    def start(self, **document: Any) -> str:
        """Start an execution with this input; its ARN."""
        started = self.client("stepfunctions").start_execution(stateMachineArn=self.arn, input=json.dumps(document))
        arn: str = started["executionArn"]
        return arn

    def run(self, **document: Any) -> dict[str, Any]:
        """Run one execution to its end; its description."""
        return self.ended(self.start(**document))

    def redrive(self, execution: str) -> dict[str, Any]:
        """Redrive an execution and wait for its end."""
        self.client("stepfunctions").redrive_execution(executionArn=execution)
        return self.ended(execution)

    def entered(self, execution: str) -> list[str]:
        """The task states that an execution has gone through, as often as it entered them."""
        events = self._history(execution)
        return [event["stateEnteredEventDetails"]["name"] for event in events if event["type"] == "TaskStateEntered"]

    def failures(self, execution: str) -> list[str]:
        """The errors of the tasks that failed in an execution, every attempt counted."""
        events = self._history(execution)
        return [event["taskFailedEventDetails"]["error"] for event in events if event["type"] == "TaskFailed"]

    def _history(self, execution: str) -> list[dict[str, Any]]:
        history = self.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in history.paginate(executionArn=execution) for event in page["events"]]

    def job_runs(self) -> list[str]:
        """How the runs of the job ended, the oldest first."""
        runs = self.client("glue").get_job_runs(JobName=self.name)["JobRuns"]
        return [str(run["JobRunState"]) for run in sorted(runs, key=lambda run: run["StartedOn"])]

    def ended(self, execution: str) -> dict[str, Any]:
        """The description of an execution, once it has ended."""
        machines = self.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = machines.describe_execution(executionArn=execution)
            return found if found["status"] not in ("RUNNING", "PENDING_REDRIVE") else None

        return until("the execution to end", ended, SECONDS)

    def read_message(self) -> dict[str, str]:
        """The one message that operators got: its subject, and its lines by what they begin with."""
        sqs = self.client("sqs")

        def received() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
                "Messages", []
            )
            return found

        (message,) = until("the operators' message", received)
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
    session.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        BillingMode="PAY_PER_REQUEST",
    )
    own = {f"{function.capitalize()}Function": f"{name}-{function}" for function in FUNCTIONS}
    own |= dict.fromkeys(("Crawler", "SilverJob", "DbtProject"), name)
    definition = substituted(SUBSTITUTIONS | own)
    machines = session.client("stepfunctions")
    arn = machines.create_state_machine(
        name=name,
        definition=definition,
        roleArn=role(
            "states",
            allow("glue:StartCrawler", "glue:GetCrawler", "glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun"),
            allow("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"),
            allow("cloudwatch:PutMetricData", "lambda:InvokeFunction", "states:SendTaskFailure"),
        ),
    )["stateMachineArn"]
    made = Pipeline(account, name, arn, topic, queue, role)
    made.functions()
    yield made
    for suffix in FUNCTIONS:
        session.client("lambda").delete_function(FunctionName=f"{name}-{suffix}")
    session.client("dynamodb").delete_table(TableName=name)
    machines.delete_state_machine(stateMachineArn=arn)
    session.client("sns").delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)
