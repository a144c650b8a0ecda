"""Conformance of Lambda: what failed invocations say, what counts, and as whom a function's code runs."""

import json
import time
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from tests.integration.local.conftest import FunctionFactory, bundle, measured

pytestmark = pytest.mark.account


def invoke(account: Account, name: str, event: object = None) -> tuple[Any, str | None]:
    """What the function answered, and `Unhandled` if it failed."""
    reply = account.session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(reply["Payload"].read()), reply.get("FunctionError")


def log_of(account: Account, name: str) -> str:
    events = account.session.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "\n".join(event["message"] for event in events)


def test_a_failed_invocation_names_the_class_of_its_exception(
    account: Account, function: FunctionFactory, unique: str
) -> None:
    source = "class Flaky(Exception): ...\ndef handler(event, context):\n    raise Flaky('try again')\n"
    function(f"flaky-{unique}", source)

    body, failed = invoke(account, f"flaky-{unique}")

    assert (failed, body["errorType"], body["errorMessage"]) == ("Unhandled", "Flaky", "try again")
    assert any("in handler" in frame for frame in body["stackTrace"])
    assert "[ERROR] Flaky: try again" in log_of(account, f"flaky-{unique}")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import a_package_that_is_not_there\n", "Runtime.ImportModuleError"),
        ("def handler(event, context)\n", "Runtime.UserCodeSyntaxError"),
        ("def other(event, context): ...\n", "Runtime.HandlerNotFound"),
        ("raise KeyError('TABLE_NAME')\n", "KeyError"),
        ("import os\ndef handler(event, context):\n    os._exit(1)\n", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_start_says_why(
    account: Account, function: FunctionFactory, unique: str, source: str, kind: str
) -> None:
    function(f"broken-{unique}", source)

    body, failed = invoke(account, f"broken-{unique}")

    assert (failed, body["errorType"]) == ("Unhandled", kind)


def test_a_named_catch_of_a_state_machine_matches_the_exception(
    account: Account, function: FunctionFactory, role: RoleFactory, unique: str
) -> None:
    arn = function(f"late-{unique}", "class Late(Exception): ...\ndef handler(event, context):\n    raise Late('no')\n")
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": arn},
                "Catch": [{"ErrorEquals": ["Late"], "Next": "Caught"}],
                "End": True,
            },
            "Caught": {"Type": "Pass", "End": True},
        },
    }
    states = account.session.client("stepfunctions")
    allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}
    machine = states.create_state_machine(
        name=f"late-{unique}", definition=json.dumps(definition), roleArn=role("states", allowed)
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    done = until(
        "the execution",
        lambda: (lambda found: found if found["status"] != "RUNNING" else None)(
            states.describe_execution(executionArn=execution)
        ),
    )

    assert done["status"] == "SUCCEEDED"
    assert json.loads(done["output"])["Error"] == "Late"


def test_every_invocation_counts_once_whoever_caused_it(
    account: Account, function: FunctionFactory, unique: str
) -> None:
    name = f"counted-{unique}"
    function(name, "def handler(event, context):\n    return 1 / event['by']\n")

    client = account.session.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)

    invoke(account, name, {"by": 1})
    invoke(account, name, {"by": 0})
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"by": 0}')

    # the asynchronous one fails and is tried once more
    until("all invocations", lambda: measured(account, "AWS/Lambda", name, "Invocations") >= 4)
    assert measured(account, "AWS/Lambda", name, "Invocations") == 4
    assert measured(account, "AWS/Lambda", name, "Errors") == 3
    assert measured(account, "AWS/Lambda", name, "Throttles") == 0
    assert measured(account, "AWS/Lambda", name, "Duration") > 0


def test_a_throttled_request_is_a_throttle_and_no_invocation(
    account: Account, function: FunctionFactory, unique: str
) -> None:
    name = f"closed-{unique}"
    function(name, "def handler(event, context): ...\n")
    client = account.session.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName=name)

    assert measured(account, "AWS/Lambda", name, "Throttles") == 1
    assert measured(account, "AWS/Lambda", name, "Invocations") == 0


WHO_AM_I = """
import os
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    print("asked by", event["by"])
    try:
        boto3.client("firehose").put_record_batch(
            DeliveryStreamName=event["stream"], Records=[{"Data": b"{}"}])
        outcome = "accepted"
    except ClientError as error:
        outcome = error.response["Error"]["Code"]
    return {
        "identity": boto3.client("sts").get_caller_identity()["Arn"],
        "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "outcome": outcome,
    }
"""


def test_code_runs_with_the_permissions_of_its_role_and_no_others(
    account: Account, function: FunctionFactory, role: RoleFactory, unique: str
) -> None:
    stream = f"arn:aws:firehose:us-east-1:000000000000:deliverystream/s-{unique}"
    function(f"without-{unique}", WHO_AM_I)
    function(f"with-{unique}", WHO_AM_I, {"Effect": "Allow", "Action": "firehose:PutRecordBatch", "Resource": stream})
    account.session.client("s3").create_bucket(Bucket=f"bronze-{unique}")
    account.session.client("firehose").create_delivery_stream(
        DeliveryStreamName=f"s-{unique}",
        ExtendedS3DestinationConfiguration={"BucketARN": f"arn:aws:s3:::bronze-{unique}", "RoleARN": role("firehose")},
    )

    refused, _ = invoke(account, f"without-{unique}", {"stream": f"s-{unique}", "by": "nobody"})
    accepted, _ = invoke(account, f"with-{unique}", {"stream": f"s-{unique}", "by": "a test"})

    assert refused["outcome"] == "AccessDeniedException"
    assert accepted["outcome"] == "accepted"
    assert f"/with-{unique}" in accepted["identity"]
    assert ":assumed-role/" in accepted["identity"]
    assert accepted["endpoint"] == account.settings.endpoint
    assert "asked by a test" in log_of(account, f"with-{unique}")


def test_a_warm_function_notices_new_code_and_new_settings(
    account: Account, function: FunctionFactory, unique: str
) -> None:
    name, client = f"updated-{unique}", account.session.client("lambda")
    function(name, "def handler(event, context):\n    return 'old'\n")
    assert invoke(account, name) == ("old", None)

    client.update_function_code(
        FunctionName=name,
        ZipFile=bundle("import os\ndef handler(event, context):\n    return os.environ.get('NEWS', 'new')\n"),
    )
    assert invoke(account, name) == ("new", None)

    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"NEWS": "newer"}})
    assert invoke(account, name) == ("newer", None)


def test_a_function_that_takes_too_long_is_ended(account: Account, function: FunctionFactory, unique: str) -> None:
    function(f"slow-{unique}", "import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1)

    began = time.monotonic()
    body, failed = invoke(account, f"slow-{unique}")

    assert (failed, body["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert time.monotonic() - began < 10
