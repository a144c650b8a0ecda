"""Every call of a state machine is made with its role's permissions.

The emulator's `aws-sdk:` calls go straight to a service's handler, its optimized integrations straight to a service's
functions: neither asks IAM. Here the former pass through the same dispatch as a request from outside, with a key of the
role; before the latter, IAM is asked.

A refusal is named as AWS names it: after the service's own exception when its API declares one, after the service when
not. https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html#sdk-integration-error-names
"""

import functools
import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import botocore.loaders
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, stepfunctions

from infra.local.account.hooks import hook, replace
from infra.local.stepfunctions import tasks

# what a refused call of an optimized integration is called, after the classes of the AWS SDK that these are built with
OPTIMIZED_ERRORS = {
    "athena": "Athena.AmazonAthenaException",
    "codebuild": "CodeBuild.AWSCodeBuildException",
    "dynamodb": "DynamoDB.AmazonDynamoDBException",
    "events": "EventBridge.AmazonEventBridgeException",
    "glue": "Glue.AccessDeniedException",
    "lambda": "Lambda.AWSLambdaException",
    "sns": "SNS.AuthorizationErrorException",
    "sqs": "SQS.AmazonSQSException",
    "states": "StepFunctions.AWSStepFunctionsException",
}
BOTOCORE_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}
REFUSALS = ("AccessDeniedException", "AuthorizationErrorException")
MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
Requirement = tuple[str, str, str]  # service, action, resource ARN


class RefusedError(stepfunctions._ExecutionError):  # type: ignore[misc]
    """The role may not do what a state asks for.

    Args:
        service: the service that refused, as IAM's request routing calls it.
        message: IAM's words.
    """

    def __init__(self, service: str, message: str) -> None:
        super().__init__(_sdk_error(service), message)
        self.service = service

    def optimized(self) -> "RefusedError":
        """The same refusal, named as an optimized integration names it."""
        self.error = OPTIMIZED_ERRORS[self.service]
        return self


@functools.cache
def _sdk_error(service: str) -> str:
    names = [
        name for name, known in stepfunctions._AWS_SDK_SERVICE_MAP.items() if known.get("service_key", name) == service
    ]
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(names[0] if names else service, service.capitalize())
    try:
        model = botocore.loaders.Loader().load_service_model(BOTOCORE_NAMES.get(service, service), "service-2")
    except botocore.exceptions.UnknownServiceError:
        model = {"shapes": {}}
    declared = [name for name in REFUSALS if name in model["shapes"]]
    return f"{prefix}.{declared[0]}" if declared else f"{prefix}.{prefix}Exception"


def _message(body: bytes) -> str:
    text = body.decode()
    try:
        answer = json.loads(text)
    except ValueError:
        found = MESSAGE.search(text)
        return html.unescape(found[1]) if found else text
    return str(answer.get("message") or answer.get("Message") or text)


def _requirements(resource: str, data: Any) -> Iterator[Requirement]:
    """What the role must be allowed for a resource that the emulator serves without a request."""
    region, account = get_region(), get_account_id()
    if "states:::lambda:invoke" in resource or stepfunctions._extract_lambda_ref(resource):
        name = data.get("FunctionName", "") if "states:::lambda:invoke" in resource else None
        reference = name if name is not None else stepfunctions._extract_lambda_ref(resource)
        _, config, _ = lambda_svc._get_func_record_for_ref(reference)
        if config:
            yield "lambda", "lambda:InvokeFunction", config["FunctionArn"]
        return
    integration = resource.removeprefix("arn:aws:states:::").partition(".")[0]
    if integration == "sqs:sendMessage":
        queue = data.get("QueueUrl", "").rsplit("/", 1)[-1]
        yield "sqs", "sqs:SendMessage", f"arn:aws:sqs:{region}:{account}:{queue}"
    elif integration == "sns:publish":
        yield "sns", "sns:Publish", data.get("TopicArn") or data.get("TargetArn") or "*"
    elif integration == "states:startExecution":
        yield "states", "states:StartExecution", data.get("StateMachineArn", "*")
    elif integration == "events:putEvents":
        for entry in data.get("Entries", []):
            bus = entry.get("EventBusName", "default")
            yield (
                "events",
                "events:PutEvents",
                bus if ":" in bus else f"arn:aws:events:{region}:{account}:event-bus/{bus}",
            )
    elif integration.startswith("dynamodb:"):
        table = data.get("TableName", "")
        arn = table if ":" in table else f"arn:aws:dynamodb:{region}:{account}:table/{table}"
        action = integration.partition(":")[2]
        yield "dynamodb", f"dynamodb:{action[:1].upper()}{action[1:]}", arn


def _role_key(task: tasks.Task) -> str:
    try:
        return task.access_key
    except botocore.exceptions.ClientError as error:
        cause = f"States is not authorized to assume the role {task.role_arn}: {error}"
        raise stepfunctions._ExecutionError("States.Runtime", cause) from error


def require(task: tasks.Task, service: str, action: str, resource: str) -> None:
    """Ask IAM whether the task's role may do `action` on `resource`.

    Raises:
        RefusedError: it may not.
    """
    refusal = iam_evaluator.enforce(_role_key(task), action, service, get_region(), resource_arn=resource)
    if refusal is None:
        return
    if isinstance(refusal, iam_evaluator.AuthError):
        raise RefusedError(service, refusal.message)
    raise RefusedError(
        service,
        f"User: {refusal.principal_arn} is not authorized to perform: {action} on resource: {resource}"
        f" because no identity-based policy allows the {action} action",
    )


def apply() -> None:
    """Put the completion in place."""
    from ministack import app

    async def dispatch(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        return await app._dispatch_service_request(method, path, headers, body, query_params, str(uuid.uuid4()))

    def call(
        handler: Any, method: str, path: str, headers: Any, body: Any, query_params: Any, timeout: float | None = None
    ) -> Any:
        task = tasks.current()
        if task is None:
            return original_call(handler, method, path, headers, body, query_params, timeout)
        credential = f"Credential={_role_key(task)}/"
        service = headers["authorization"].split("/")[3]
        answer = original_call(
            dispatch,
            method,
            path,
            {**headers, "authorization": headers["authorization"].replace("Credential=test/", credential)},
            body.encode() if isinstance(body, str) else body,
            {name: value if isinstance(value, list) else [value] for name, value in query_params.items()},
            timeout,
        )
        content = answer[2].encode() if isinstance(answer[2], str) else answer[2]
        if answer[0] in (400, 403) and b"is not authorized to perform" in content:
            raise RefusedError(service, _message(content))
        return answer

    def allowed(resource: str, data: Any) -> None:
        task = tasks.current()
        if task is None:
            return
        for service, action, arn in _requirements(resource, data):
            try:
                require(task, service, action, arn)
            except RefusedError as refusal:
                raise refusal.optimized() from None

    def invoke_resource(resource: str, input_data: Any) -> Any:
        allowed(resource, input_data)
        return original_resource(resource, input_data)

    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        allowed(resource, input_data)
        return original_callback(resource, input_data, token, state_def)

    def call_lambda(func_ref: str, event: Any) -> Any:
        with tasks.use_task(None):  # the function has a role of its own
            return original_lambda(func_ref, event)

    hook(app, "_dispatch_service_request", "method path headers body query_params request_id")
    hook(iam_evaluator, "enforce", "access_key_id iam_action service region resource_arn service_context")
    original_call = replace(
        app, "call_service_handler_sync", "handler method path headers body query_params timeout", call
    )
    original_resource = replace(stepfunctions, "_invoke_resource", "resource input_data", invoke_resource)
    original_callback = replace(
        stepfunctions, "_invoke_with_callback", "resource input_data token state_def", invoke_with_callback
    )
    original_lambda = replace(stepfunctions, "_call_lambda", "func_ref event", call_lambda)
