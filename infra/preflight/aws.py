"""Checks of an AWS account and region before the stacks are deployed; each reads and changes nothing.

New accounts have quotas far below the published defaults (10 concurrent executions of Lambda, no or one CodeBuild
build), and the first run of the pipeline is a late moment to learn that.
https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from api.contract import TABLE_NAME
from infra.preflight import Finding, Level, failed, passed
from infra.resource_names import DATA_STACK, LAYERS, bucket_name

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Where `cdk bootstrap` records its version, with the default qualifier."""
OLDEST_BOOTSTRAP = 6
"""The templates' own rule refuses what is older: `CheckBootstrapVersion`."""
CRAWLER_LOGS = "/aws-glue/crawlers"
DENIED = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError")
SERVICES = (
    "apigatewayv2",
    "athena",
    "codebuild",
    "cognito-idp",
    "firehose",
    "glue",
    "lambda",
    "scheduler",
    "stepfunctions",
)


@dataclasses.dataclass(frozen=True)
class Quota:
    """A quota that a new account may be short of.

    Args:
        check: the name of the check.
        service: Service Quotas' service code.
        code: of the quota.
        need: the least value with which everything works.
        reason: what needs it.
    """

    check: str
    service: str
    code: str
    need: int
    reason: str


QUOTAS = (
    Quota("Lambda concurrency", "lambda", "L-B99A9384", 100, "the API, change capture and the pipeline share it"),
    Quota("CodeBuild builds", "codebuild", "L-9D07B6EF", 2, "dbt and reconcile, each on Linux/Small"),
    Quota("Glue DPUs", "glue", "L-08F3B322", 4, "the silver job and its maintenance, two each"),
    Quota("Athena queries", "athena", "L-FC5F6546", 8, "dbt's four threads beside people's queries"),
)


def check_account(session: boto3.Session) -> list[Finding]:
    """Every check of the account and region that the session leads to."""
    account: list[str] = []

    def credentials() -> Finding:
        identity = session.client("sts").get_caller_identity()
        account.append(identity["Account"])
        return passed("credentials", f"account {identity['Account']}, {identity['Arn'].rpartition(':')[2]}")

    findings = [
        _explain("credentials", credentials, Level.FAIL),
        _explain("region", lambda: check_region(session)),
        _explain("CDK bootstrap", lambda: check_bootstrap(session)),
        _explain("crawler's log", lambda: check_crawler_logs(session)),
        _explain("mail", lambda: check_mail(session)),
        *(_explain(quota.check, lambda quota=quota: check_quota(session, quota)) for quota in QUOTAS),  # type: ignore[misc]
    ]
    if account:
        findings.append(_explain("names", lambda: check_names(session, account[0])))
    return findings


def check_region(session: boto3.Session) -> Finding:
    """Whether the region has every service that the stacks use."""
    region = session.region_name
    if not region:
        return failed("region", "none is set", "set AWS_REGION, or a region in your AWS profile")
    partition = session.get_partition_for_region(region)
    missing = [name for name in SERVICES if region not in session.get_available_regions(name, partition)]
    if missing:
        return failed("region", f"{region} has no {', '.join(missing)}", "set AWS_REGION to another region")
    return passed("region", region)


def check_bootstrap(session: boto3.Session) -> Finding:
    """Whether the CDK's own stack is there, and new enough."""
    try:
        parameter = session.client("ssm").get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return passed("CDK bootstrap", "not yet; `insights deploy` does it")
    version = int(parameter["Value"])
    if version >= OLDEST_BOOTSTRAP:
        return passed("CDK bootstrap", f"version {version}")
    fix = f"bootstrap again: version {OLDEST_BOOTSTRAP} or newer is needed (`cdk bootstrap`)"
    return failed("CDK bootstrap", f"version {version}", fix)


def check_crawler_logs(session: boto3.Session) -> Finding:
    """Whether the log group that all crawlers of the account share, and Glue makes, ever forgets anything.

    It has no other name without a security configuration, and is not this project's, so no stack changes it.
    """
    found = session.client("logs").describe_log_groups(logGroupNamePrefix=CRAWLER_LOGS)["logGroups"]
    days = next((group.get("retentionInDays", 0) for group in found if group["logGroupName"] == CRAWLER_LOGS), None)
    if days is None:
        return passed("crawler's log", "not yet; the first crawl makes it")
    if days:
        return passed("crawler's log", f"{days} days")
    fix = f"aws logs put-retention-policy --log-group-name {CRAWLER_LOGS} --retention-in-days 30"
    return failed("crawler's log", f"{CRAWLER_LOGS} keeps everything for ever", fix)


def check_mail(session: boto3.Session) -> Finding:
    """Whether Cognito can send more mails than its own 50 a day, by SES outside of its sandbox.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
    """
    if session.client("sesv2").get_account().get("ProductionAccessEnabled"):
        return passed("mail", "SES sends to anybody")
    fix = "before users come: verify a domain in SES, ask for production access, and deploy with -c ses-from=…"
    return Finding("mail", Level.OK, "SES is in its sandbox; Cognito itself sends 50 mails a day", fix)


def check_quota(session: boto3.Session, quota: Quota) -> Finding:
    """Whether a quota is enough: the account's own value, or AWS's default when it has none."""
    client: Any = session.client("service-quotas")
    try:
        found = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        found = client.get_aws_default_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]
    value = found["Value"]
    if value >= quota.need:
        return passed(quota.check, f"{value:g}")
    fix = (
        f"at least {quota.need} ({quota.reason}): aws service-quotas request-service-quota-increase "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value {quota.need}"
    )
    return failed(quota.check, f"{value:g}", fix)


def check_names(session: boto3.Session, account: str) -> Finding:
    """Whether the names of table and buckets are free, or the stack's own.

    Args:
        session: of the account and region.
        account: the account's number, which the buckets' names contain.
    """
    if _exists(lambda: session.client("cloudformation").describe_stacks(StackName=DATA_STACK), "ValidationError"):
        return passed("names", f"{DATA_STACK} is deployed and has them")
    taken = []
    if _exists(lambda: session.client("dynamodb").describe_table(TableName=TABLE_NAME), "ResourceNotFoundException"):
        taken.append(f"table {TABLE_NAME}")
    for layer in LAYERS:
        bucket = bucket_name(layer, account, session.region_name)
        if _exists(lambda name=bucket: session.client("s3").head_bucket(Bucket=name), "404", forbidden=True):  # type: ignore[misc]
            taken.append(f"bucket {bucket}")
    if not taken:
        return passed("names", "table and buckets are free")
    fix = "import what `insights destroy` kept (docs/deploy.md, Remove it), or delete it with `destroy --delete-data`"
    return failed("names", f"taken: {', '.join(taken)}", fix)


def _exists(look: Callable[[], object], absent: str, forbidden: bool = False) -> bool:
    """Whether `look` finds its resource.

    Args:
        look: reads the resource.
        absent: the error code when there is none.
        forbidden: whether 403 means that it is there, as it does for another account's bucket.
    """
    try:
        look()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == absent:
            return False
        if not (forbidden and code == "403"):
            raise
    return True


def _explain(check: str, run: Callable[[], Finding], refused: Level = Level.UNKNOWN) -> Finding:
    """The finding of `run`, or one of level `refused` when AWS refuses or does not answer."""
    try:
        return run()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        denied = code.startswith(DENIED)
        fix = f"ask for the permission to call {error.operation_name}" if denied else "sign in again, or try again"
        return Finding(check, refused, f"{code}: {message}", fix)
    except BotoCoreError as error:
        return Finding(check, refused, str(error), "check credentials, region and network")
