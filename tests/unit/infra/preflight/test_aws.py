"""Each check of an AWS account: what AWS answers, and the finding that follows."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from api.contract import TABLE_NAME as TABLE
from infra.preflight import Level, aws
from infra.resource_names import DATA_STACK, LAYERS

ACCOUNT, REGION = "123456789012", "eu-west-1"
LAMBDA = aws.QUOTAS[0]


class Stubs:
    """A session whose clients answer what was queued for them, and nothing else."""

    def __init__(self) -> None:
        self.session = cast("Any", boto3.Session("AKIA", "secret", region_name=REGION))
        self._make: Any = self.session.client
        self._clients: dict[str, Any] = {}
        self._stubbers: dict[str, Stubber] = {}
        self.session.client = self.client

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._make(service, endpoint_url="http://127.0.0.1:9")
            self._stubbers[service] = Stubber(self._clients[service])
            self._stubbers[service].activate()
        return self._clients[service]

    def answer(self, service: str, operation: str, **response: Any) -> None:
        self.client(service)
        self._stubbers[service].add_response(operation, response)

    def refuse(self, service: str, operation: str, code: str) -> None:
        self.client(service)
        self._stubbers[service].add_client_error(operation, code, "refused")

    def check_exhausted(self) -> None:
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    made = Stubs()
    yield made
    made.check_exhausted()


@pytest.mark.parametrize(("version", "level"), [("5", Level.FAIL), ("6", Level.OK), ("30", Level.OK)])
def test_an_old_bootstrap_fails(stubs: Stubs, version: str, level: Level) -> None:
    stubs.answer("ssm", "get_parameter", Parameter={"Value": version})
    assert aws.check_bootstrap(stubs.session).level is level


@pytest.mark.parametrize(
    ("groups", "level"),
    [
        ([], Level.OK),
        ([{"logGroupName": "/aws-glue/crawlers-role/x"}], Level.OK),
        ([{"logGroupName": "/aws-glue/crawlers", "retentionInDays": 30}], Level.OK),
        ([{"logGroupName": "/aws-glue/crawlers"}], Level.FAIL),
    ],
)
def test_the_crawlers_log_has_to_expire(stubs: Stubs, groups: list[dict[str, Any]], level: Level) -> None:
    stubs.answer("logs", "describe_log_groups", logGroups=groups)
    found = aws.check_crawler_logs(stubs.session)
    assert found.level is level
    assert bool(found.fix) == (level is Level.FAIL)


@pytest.mark.parametrize("production", [True, False])
def test_the_sandbox_of_ses_is_named_with_the_way_out(stubs: Stubs, production: bool) -> None:
    stubs.answer("sesv2", "get_account", ProductionAccessEnabled=production)
    found = aws.check_mail(stubs.session)
    assert found.level is Level.OK
    assert ("ses-from" in found.fix) is not production


def test_a_missing_bootstrap_is_left_to_the_deployment(stubs: Stubs) -> None:
    stubs.refuse("ssm", "get_parameter", "ParameterNotFound")
    finding = aws.check_bootstrap(stubs.session)
    assert (finding.level, finding.found) == (Level.OK, "not yet; `insights deploy` does it")


@pytest.mark.parametrize(("value", "level"), [(10.0, Level.FAIL), (99.0, Level.FAIL), (100.0, Level.OK)])
def test_a_quota_of_a_new_account_fails_with_the_request_for_more(stubs: Stubs, value: float, level: Level) -> None:
    stubs.answer("service-quotas", "get_service_quota", Quota={"Value": value})
    finding = aws.check_quota(stubs.session, LAMBDA)
    assert finding.level is level
    request = "request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 100"
    assert (request in finding.fix) == (level is Level.FAIL)


def test_without_a_value_of_its_own_the_account_has_the_default(stubs: Stubs) -> None:
    stubs.refuse("service-quotas", "get_service_quota", "NoSuchResourceException")
    stubs.answer("service-quotas", "get_aws_default_service_quota", Quota={"Value": 1000.0})
    assert aws.check_quota(stubs.session, LAMBDA).found == "1000"


def test_names_of_a_deployed_stack_are_its_own(stubs: Stubs) -> None:
    stack = {"StackName": DATA_STACK, "CreationTime": "2026-11-01", "StackStatus": "CREATE_COMPLETE"}
    stubs.answer("cloudformation", "describe_stacks", Stacks=[stack])
    assert aws.check_names(stubs.session, ACCOUNT).level is Level.OK


def test_free_names_pass(stubs: Stubs) -> None:
    stubs.refuse("cloudformation", "describe_stacks", "ValidationError")
    stubs.refuse("dynamodb", "describe_table", "ResourceNotFoundException")
    for _ in LAYERS:
        stubs.refuse("s3", "head_bucket", "404")
    assert aws.check_names(stubs.session, ACCOUNT).level is Level.OK


def test_what_an_earlier_deployment_or_another_account_has_is_named(stubs: Stubs) -> None:
    stubs.refuse("cloudformation", "describe_stacks", "ValidationError")
    stubs.answer("dynamodb", "describe_table", Table={"TableName": TABLE})
    stubs.answer("s3", "head_bucket")
    stubs.refuse("s3", "head_bucket", "403")
    stubs.refuse("s3", "head_bucket", "404")
    stubs.refuse("s3", "head_bucket", "404")
    finding = aws.check_names(stubs.session, ACCOUNT)
    taken = [f"table {TABLE}", *(f"bucket todo-{layer}-{ACCOUNT}-{REGION}" for layer in LAYERS[:2])]
    assert (finding.level, finding.found) == (Level.FAIL, f"taken: {', '.join(taken)}")
    assert "docs/deploy.md" in finding.fix


@pytest.mark.parametrize(("region", "level"), [(REGION, Level.OK), (None, Level.FAIL)])
def test_a_region_has_to_be_set(region: str | None, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert aws.check_region(boto3.Session(region_name=region)).level is level


def test_a_region_without_a_service_fails(stubs: Stubs) -> None:
    stubs.session.get_available_regions = lambda service, _: [] if service == "glue" else [REGION]
    assert aws.check_region(stubs.session).found == f"{REGION} has no glue"


def test_what_may_not_be_read_is_unknown_and_stops_no_other_check(stubs: Stubs) -> None:
    stubs.answer("sts", "get_caller_identity", Account=ACCOUNT, Arn=f"arn:aws:iam::{ACCOUNT}:user/ann", UserId="A")
    stubs.refuse("ssm", "get_parameter", "AccessDeniedException")
    for _ in aws.QUOTAS:
        stubs.answer("service-quotas", "get_service_quota", Quota={"Value": 1000.0})
    stubs.answer("logs", "describe_log_groups", logGroups=[])
    stubs.answer("sesv2", "get_account", ProductionAccessEnabled=True)
    stubs.refuse("cloudformation", "describe_stacks", "AccessDenied")
    levels = {finding.check: finding.level for finding in aws.check_account(stubs.session)}
    assert levels.pop("CDK bootstrap") is Level.UNKNOWN
    assert levels.pop("names") is Level.UNKNOWN
    assert set(levels) == {"credentials", "region", "crawler's log", "mail", *(quota.check for quota in aws.QUOTAS)}
    assert set(levels.values()) == {Level.OK}


def test_without_credentials_nothing_is_known_but_that(stubs: Stubs) -> None:
    stubs.refuse("sts", "get_caller_identity", "ExpiredToken")
    stubs.refuse("ssm", "get_parameter", "AccessDeniedException")
    for _ in aws.QUOTAS:
        stubs.refuse("service-quotas", "get_service_quota", "AccessDeniedException")
    findings = {finding.check: finding for finding in aws.check_account(stubs.session)}
    assert findings["credentials"].level is Level.FAIL
    assert "GetParameter" in findings["CDK bootstrap"].fix
    assert "names" not in findings
