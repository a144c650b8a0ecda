"""The errors that the state machine handles by name: who raises each, and where AWS gives it this name.

A name that nobody raises would make a retry or a catch that never applies, so each has its source, and the tests look
those of AWS's services up in botocore's models.
"""

import dataclasses
from typing import Any

from infra.site.markdown import code, codes, table

ERROR_HANDLING = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
TRANSIENT_LAMBDA = (
    "https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception"
)
SDK_INTEGRATION = "https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"
BOTOCORE = "https://github.com/boto/botocore/blob/develop/botocore/exceptions.py"
START_CRAWLER = "https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html"
START_JOB_RUN = "https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html"
PUBLISH = "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"
START_QUERY = "https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html"


@dataclasses.dataclass(frozen=True)
class NamedError:
    """An error name of a retrier or catcher.

    Args:
        raised: by whom, and when.
        source: page that gives the name.
    """

    raised: str
    source: str


UNREACHABLE = "Step Functions: it could not reach the service"
THROTTLED = "the service: too many requests"
NAMES = {
    "States.ALL": NamedError("Step Functions: any error that is not handled before", ERROR_HANDLING),
    "Redriven": NamedError("the state `Failed`, in a redriven run", "../../orchestration/pipeline.asl.json"),
    "Lambda.ServiceException": NamedError("Lambda: an internal error", TRANSIENT_LAMBDA),
    "Lambda.AWSLambdaException": NamedError("Lambda: the function could not be invoked", TRANSIENT_LAMBDA),
    "Lambda.SdkClientException": NamedError(UNREACHABLE, TRANSIENT_LAMBDA),
    "Lambda.ClientExecutionTimeoutException": NamedError("Step Functions: Lambda did not respond", TRANSIENT_LAMBDA),
    "Lambda.TooManyRequestsException": NamedError(
        THROTTLED, "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"
    ),
    "Glue.ConcurrentRunsExceededException": NamedError("Glue: the job runs already", START_JOB_RUN),
    "Glue.CrawlerRunningException": NamedError("Glue: the crawler runs already", START_CRAWLER),
    "Glue.InternalServiceException": NamedError("Glue: an internal error", START_JOB_RUN),
    "Glue.OperationTimeoutException": NamedError("Glue: the request took too long", START_CRAWLER),
    "CodeBuild.AccountLimitExceededException": NamedError(
        "CodeBuild: no more builds may run at once",
        "https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html",
    ),
    "CloudWatch.InternalServiceFaultException": NamedError(
        "CloudWatch: an internal error",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
    ),
    **{
        f"{service}.{name}": NamedError(raised, SDK_INTEGRATION)
        for service in ("CloudWatch", "CodeBuild", "Glue", "Sfn")
        for name, raised in (("SdkClientException", UNREACHABLE), ("ThrottlingException", THROTTLED))
    },
    "ConnectTimeoutError": NamedError("a function: the service could not be reached", BOTOCORE),
    "EndpointConnectionError": NamedError("a function: the service could not be reached", BOTOCORE),
    "ReadTimeoutError": NamedError("a function: the service did not respond", BOTOCORE),
    "InternalServerError": NamedError("a function: DynamoDB had an internal error", DYNAMODB),
    "ProvisionedThroughputExceededException": NamedError("a function: DynamoDB throttled it", DYNAMODB),
    "RequestLimitExceeded": NamedError("a function: DynamoDB throttled it", DYNAMODB),
    "ThrottlingException": NamedError("a function: DynamoDB throttled it", DYNAMODB),
    "InternalServerException": NamedError("a function: Athena had an internal error", START_QUERY),
    "TooManyRequestsException": NamedError("a function: Athena throttled it", START_QUERY),
    "InternalErrorException": NamedError("a function: SNS had an internal error", PUBLISH),
    "ThrottledException": NamedError("a function: SNS throttled it", PUBLISH),
    "KMSThrottlingException": NamedError("a function: KMS throttled SNS", PUBLISH),
}


def handled(definition: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Of each error name, the states that retry it and those that catch it.

    Args:
        definition: of the state machine.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for state, content in definition["States"].items():
        for kind in ("Retry", "Catch"):
            for handler in content.get(kind, []):
                for name in handler["ErrorEquals"]:
                    states = found.setdefault(name, {"Retry": [], "Catch": []})[kind]
                    states.append(state)
    return found


def error_table(definition: dict[str, Any]) -> str:
    """The table of all error names of a definition.

    Args:
        definition: of the state machine.
    """
    rows = [
        (code(name), NAMES[name].raised, codes(by["Retry"]), codes(by["Catch"]), f"[source]({NAMES[name].source})")
        for name, by in sorted(handled(definition).items())
    ]
    return table(("error", "raised by", "retried in", "caught in", "named in"), rows)
