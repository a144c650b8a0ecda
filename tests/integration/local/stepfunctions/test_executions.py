"""Step Functions on the local account: waiting integrations, the role's permissions, and how executions end."""

import dataclasses
import datetime as dt
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory

pytestmark = pytest.mark.account

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
SYNC = "arn:aws:states:::codebuild:startBuild.sync"
PUT_METRIC = "arn:aws:states:::aws-sdk:cloudwatch:putMetricData"
State = dict[str, Any]


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


BUILDS = allow("codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild")


@dataclasses.dataclass
class Machine:
    """A state machine and the executions that a test starts of it."""

    client: Any
    arn: str

    def start(self, data: Any = None) -> str:
        started = self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(data or {}))
        arn: str = started["executionArn"]
        return arn

    def describe(self, execution: str) -> dict[str, Any]:
        described: dict[str, Any] = self.client.describe_execution(executionArn=execution)
        return described

    def ended(self, execution: str, seconds: float = 60) -> dict[str, Any]:
        until("the execution's end", lambda: self.describe(execution)["status"] in ENDED, seconds)
        return self.describe(execution)

    def run(self, data: Any = None) -> dict[str, Any]:
        return self.ended(self.start(data))

    def events(self, execution: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_execution_history(executionArn=execution)["events"]
        return found


MachineFactory = Callable[..., Machine]


@pytest.fixture
def machine(account: Account, role: RoleFactory, unique: str) -> Iterator[MachineFactory]:
    """`machine(states, statement, …)` makes a JSONata machine that begins at the first state and may do as stated."""
    client = account.session.client("stepfunctions")
    made: list[Machine] = []

    def create(states: dict[str, State], *statements: dict[str, Any], **top: Any) -> Machine:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        arn = client.create_state_machine(
            name=f"machine-{unique}-{len(made)}",
            definition=json.dumps(definition),
            roleArn=role("states", *statements),
        )["stateMachineArn"]
        made.append(Machine(client, arn))
        return made[-1]

    yield create
    for one in made:
        client.delete_state_machine(stateMachineArn=one.arn)


@dataclasses.dataclass
class Project:
    """A build project, and what became of its builds."""

    client: Any
    name: str

    def builds(self) -> list[dict[str, Any]]:
        ids = self.client.list_builds_for_project(projectName=self.name).get("ids", [])
        found: list[dict[str, Any]] = self.client.batch_get_builds(ids=ids)["builds"] if ids else []
        return found

    def statuses(self) -> list[str]:
        return [build["buildStatus"] for build in self.builds()]


@pytest.fixture
def project(account: Account, role: RoleFactory, unique: str) -> Callable[[str], Project]:
    """`project("command")` makes a project whose builds run that command."""
    client = account.session.client("codebuild")

    def create(command: str) -> Project:
        spec = json.dumps({"version": 0.2, "phases": {"build": {"commands": [command]}}})
        client.create_project(
            name=f"project-{unique}",
            serviceRole=role("codebuild", allow("logs:*")),
            source={"type": "NO_SOURCE", "buildspec": spec},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
        )
        return Project(client, f"project-{unique}")

    return create


def task(resource: str, arguments: Any, **more: Any) -> State:
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}


def test_a_build_is_waited_for_and_its_description_returned(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("sleep 1")
    output = "{% $states.result.Build.[BuildStatus, ProjectName] %}"
    execution = machine({"Build": task(SYNC, {"ProjectName": builds.name}, Output=output)}, BUILDS)
    begun = execution.start()
    ended = execution.ended(begun)
    assert json.loads(ended["output"]) == ["SUCCEEDED", builds.name]
    assert builds.statuses() == ["SUCCEEDED"]
    submitted = [event for event in execution.events(begun) if event["type"] == "TaskSubmitted"]
    details = submitted[0]["taskSubmittedEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("codebuild", "startBuild.sync")
    assert json.loads(details["output"])["Build"]["Id"] == builds.builds()[0]["id"]


def test_without_sync_the_state_ends_when_the_build_has_begun(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("sleep 20")
    started = task("arn:aws:states:::codebuild:startBuild", {"ProjectName": builds.name})
    ended = machine({"Build": started}, BUILDS).run()
    assert json.loads(ended["output"])["Build"]["BuildStatus"] == "IN_PROGRESS"
    builds.client.stop_build(id=builds.builds()[0]["id"])


def test_a_failed_build_fails_the_state_with_its_description(
    machine: MachineFactory, project: Callable[[str], Project]
) -> None:
    builds = project("exit 3")
    ended = machine({"Build": task(SYNC, {"ProjectName": builds.name})}, BUILDS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["BuildStatus"] == "FAILED"
    assert json.loads(ended["cause"])["Id"] == builds.builds()[0]["id"]


def test_an_execution_whose_time_is_up_times_out(machine: MachineFactory, project: Callable[[str], Project]) -> None:
    builds = project("sleep 60")
    execution = machine({"Build": task(SYNC, {"ProjectName": builds.name})}, BUILDS, TimeoutSeconds=2)
    begun = execution.start()
    assert execution.ended(begun)["status"] == "TIMED_OUT"
    until("the build to stop", lambda: builds.statuses() == ["STOPPED"])
    assert execution.events(begun)[-1]["type"] == "ExecutionTimedOut"


def test_a_query_is_waited_for_and_its_description_returned(
    account: Account, machine: MachineFactory, unique: str
) -> None:
    account.session.client("s3").create_bucket(Bucket=f"results-{unique}")
    arguments = {
        "QueryString": "{% 'select ' & $string(40 + 2) %}",
        "ResultConfiguration": {"OutputLocation": f"s3://results-{unique}/"},
    }
    query = task("arn:aws:states:::athena:startQueryExecution.sync", arguments)
    ended = machine({"Query": query}, allow("athena:*", "s3:*", "glue:*")).run()
    found = json.loads(ended["output"])["QueryExecution"]
    assert (found["Query"], found["Status"]["State"]) == ("select 42", "SUCCEEDED")


def glue_job(account: Account, role: RoleFactory, unique: str, script: str) -> str:
    """A job of `script`; Python shell, which starts quicker than Spark."""
    s3, name = account.session.client("s3"), f"job-{unique}"
    s3.create_bucket(Bucket=f"scripts-{unique}")
    s3.put_object(Bucket=f"scripts-{unique}", Key="job.py", Body=script.encode())
    account.session.client("glue").create_job(
        Name=name,
        Role=role("glue", allow("s3:*", "logs:*")),
        Command={
            "Name": "pythonshell",
            "ScriptLocation": f"s3://scripts-{unique}/job.py",
            "PythonVersion": "3.9",
        },
    )
    return name


GLUE_SYNC = "arn:aws:states:::glue:startJobRun.sync"
RUNS = allow("glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun")


def test_a_job_run_is_waited_for_and_its_description_returned(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(1)\n")
    ended = machine({"Job": task(GLUE_SYNC, {"JobName": name})}, RUNS).run()
    assert ended["status"] == "SUCCEEDED", ended
    described = json.loads(ended["output"])
    runs = account.session.client("glue").get_job_runs(JobName=name)["JobRuns"]
    assert [(run["Id"], run["JobRunState"]) for run in runs] == [(described["Id"], "SUCCEEDED")]


def test_a_failed_job_run_fails_the_state_with_its_error_message(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "raise ValueError('broken on purpose')\n")
    ended = machine({"Job": task(GLUE_SYNC, {"JobName": name})}, RUNS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert cause["JobRunState"] == "FAILED"
    assert "broken on purpose" in cause["ErrorMessage"]


def run_states(account: Account, job: str) -> list[str]:
    return [str(run["JobRunState"]) for run in account.session.client("glue").get_job_runs(JobName=job)["JobRuns"]]


def test_a_state_whose_time_is_up_stops_the_job_run(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(60)\n")
    limited = task(GLUE_SYNC, {"JobName": name}, TimeoutSeconds="{% 1 + 1 %}")
    ended = machine({"Job": limited}, RUNS).run()
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    until("the run to stop", lambda: run_states(account, name) == ["STOPPED"])


def test_a_stopped_execution_stops_the_job_run_and_starts_nothing_more(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    name = glue_job(account, role, unique, "import time\ntime.sleep(60)\n")
    retried = task(
        GLUE_SYNC,
        {"JobName": name},
        Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}],
    )
    execution = machine({"Job": retried}, RUNS)
    begun = execution.start()
    until("the run", lambda: run_states(account, name) == ["RUNNING"])
    execution.client.stop_execution(executionArn=begun, error="Operator", cause="enough")
    until("the run to stop", lambda: run_states(account, name) == ["STOPPED"])
    time.sleep(2)  # longer than the retrier waits
    assert run_states(account, name) == ["STOPPED"]
    described = execution.describe(begun)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Operator", "enough")
    assert execution.events(begun)[-1]["type"] == "ExecutionAborted"


METRIC = {"Namespace": "Machines", "MetricData": [{"MetricName": "StateFailed", "Value": 1}]}


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "action"),
    [
        (GLUE_SYNC, {"JobName": "any"}, "Glue.AccessDeniedException", "glue:StartJobRun"),
        (SYNC, {"ProjectName": "any"}, "CodeBuild.AWSCodeBuildException", "codebuild:StartBuild"),
        (PUT_METRIC, METRIC, "CloudWatch.CloudWatchException", "cloudwatch:PutMetricData"),
        (
            "arn:aws:states:::aws-sdk:glue:startCrawler",
            {"Name": "any"},
            "Glue.AccessDeniedException",
            "glue:StartCrawler",
        ),
        (
            "arn:aws:states:::aws-sdk:firehose:putRecord",
            {"DeliveryStreamName": "any", "Record": {"Data": "eA=="}},
            "Firehose.FirehoseException",
            "firehose:PutRecord",
        ),
        (
            "arn:aws:states:::sns:publish",
            {"TopicArn": "arn:aws:sns:us-east-1:000000000000:any", "Message": "x"},
            "SNS.AuthorizationErrorException",
            "sns:Publish",
        ),
        (
            "arn:aws:states:::dynamodb:putItem",
            {"TableName": "any", "Item": {"PK": {"S": "x"}}},
            "DynamoDB.AmazonDynamoDBException",
            "dynamodb:PutItem",
        ),
    ],
)
def test_what_the_role_may_not_do_fails(
    machine: MachineFactory, resource: str, arguments: dict[str, Any], error: str, action: str
) -> None:
    ended = machine({"Denied": task(resource, arguments)}, allow("s3:GetObject")).run()
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert "is not authorized to perform" in ended["cause"]
    assert action in ended["cause"]


def test_a_function_that_the_role_may_not_invoke_is_not_invoked(
    account: Account, machine: MachineFactory, role: RoleFactory, unique: str
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("index.py", "def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
    arn = account.session.client("lambda").create_function(
        FunctionName=f"adder-{unique}",
        Runtime="python3.11",
        Handler="index.handler",
        Role=role("lambda"),
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    states = {"Add": task("arn:aws:states:::lambda:invoke", {"FunctionName": arn, "Payload": {"a": 1, "b": 2}})}
    denied = machine(states).run()
    assert (denied["status"], denied["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    allowed = machine(states, {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}).run()
    assert json.loads(allowed["output"])["Payload"] == {"sum": 3}


def test_what_the_role_may_do_is_done(account: Account, machine: MachineFactory, unique: str) -> None:
    dimensions = [{"Name": "State", "Value": "{% $states.context.State.Name %}"}]
    data = [{"MetricName": f"Failed-{unique}", "Value": 1, "Unit": "Count", "Dimensions": dimensions}]
    record = task(PUT_METRIC, {"Namespace": "Machines", "MetricData": data})
    ended = machine({"Record": record}, allow("cloudwatch:PutMetricData")).run()
    assert ended["status"] == "SUCCEEDED", ended
    metrics = account.session.client("cloudwatch").list_metrics(Namespace="Machines", MetricName=f"Failed-{unique}")
    assert metrics["Metrics"][0]["Dimensions"] == [{"Name": "State", "Value": "Record"}]


def test_a_failed_execution_has_an_error_and_no_output(machine: MachineFactory) -> None:
    fail = {"Type": "Fail", "Error": "{% 'Pipeline' & 'Failed' %}", "Cause": "{% $string({'state': 'X'}) %}"}
    ended = machine({"Failed": fail}).run()
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "PipelineFailed", '{"state":"X"}')
    assert "output" not in ended


def test_a_pipeline_in_jsonata_retries_by_name_catches_and_remembers(
    account: Account, machine: MachineFactory, unique: str
) -> None:
    """What orchestration/pipeline.asl.json is made of, in one machine."""
    glue = account.session.client("glue")
    crawl = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:glue:startCrawler",
        "Arguments": {"Name": f"no-crawler-{unique}"},
        "TimeoutSeconds": 30,
        "Retry": [
            {"ErrorEquals": ["Glue.CrawlerRunningException"], "MaxAttempts": 9, "IntervalSeconds": 30},
            {"ErrorEquals": ["Glue.EntityNotFoundException"], "MaxAttempts": 2, "IntervalSeconds": 1},
        ],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"failedState": "{% $states.context.State.Name %}", "error": "{% $states.errorOutput %}"},
                "Output": {"caught": "{% $states.errorOutput.Error %}"},
                "Next": "Failed",
            }
        ],
        "Next": "Never",
    }
    states: dict[str, State] = {
        "Window": {
            "Type": "Pass",
            "Assign": {
                "execution": "{% $states.context.Execution.Id %}",
                "since": "{% $exists($states.input.since) ? $states.input.since : 'ever' %}",
            },
            "Next": "Crawl",
        },
        "Crawl": crawl,
        "Never": {"Type": "Succeed"},
        "Failed": {
            "Type": "Fail",
            "Error": "{% $failedState & 'Failed' %}",
            "Cause": "{% $string({'execution': $execution, 'since': $since, 'caught': $states.input.caught}) %}",
        },
    }
    pipeline = machine(states, allow("glue:StartCrawler"))
    begun = pipeline.start({"since": "2026-01-01"})
    ended = pipeline.ended(begun)
    assert ended["error"] == "CrawlFailed"
    assert json.loads(ended["cause"]) == {
        "execution": begun,
        "since": "2026-01-01",
        "caught": "Glue.EntityNotFoundException",
    }
    assert [event["type"] for event in pipeline.events(begun)].count("TaskFailed") == 3
    assert glue.get_crawlers()["Crawlers"] is not None


def test_a_retry_waits_no_longer_than_its_longest_delay(machine: MachineFactory) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 10, "MaxDelaySeconds": 1}
    failing = task("arn:aws:states:::aws-sdk:glue:startCrawler", {"Name": "none"}, Retry=[{**retry, "MaxAttempts": 3}])
    execution = machine({"Fails": failing}, allow("glue:StartCrawler"))
    begun = execution.start()
    ended = execution.ended(begun)
    assert ended["error"] == "Glue.EntityNotFoundException"
    assert [event["type"] for event in execution.events(begun)].count("TaskFailed") == 4
    assert 3 <= (ended["stopDate"] - ended["startDate"]).total_seconds() < 10


def test_an_assign_sees_the_values_from_before_it(machine: MachineFactory) -> None:
    states: dict[str, State] = {
        "First": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
        "Swap": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"},
        "Show": {"Type": "Pass", "Output": {"a": "{% $a %}", "b": "{% $b %}"}, "End": True},
    }
    assert json.loads(machine(states).run()["output"]) == {"a": 2, "b": 1}


def test_executions_are_counted_and_timed(account: Account, machine: MachineFactory) -> None:
    choose = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.fail = true %}", "Next": "Failed"}],
        "Default": "Wait",
    }
    states: dict[str, State] = {
        "Choose": choose,
        "Wait": {"Type": "Wait", "Seconds": 1, "End": True},
        "Failed": {"Type": "Fail", "Error": "Wanted"},
    }
    counted = machine(states)
    assert counted.run()["status"] == "SUCCEEDED"
    assert counted.run({"fail": True})["status"] == "FAILED"

    now = dt.datetime.now(dt.UTC)

    def total(metric: str, statistic: str) -> float:
        points = account.session.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName=metric,
            Dimensions=[{"Name": "StateMachineArn", "Value": counted.arn}],
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=1),
            Period=600,
            Statistics=[statistic],  # type: ignore[list-item]
        )["Datapoints"]
        return sum(point[statistic] for point in points)  # type: ignore[literal-required]

    names = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsAborted")
    assert [total(name, "Sum") for name in names] == [2, 1, 1, 0]
    assert 1000 <= total("ExecutionTime", "Maximum") < 10_000
