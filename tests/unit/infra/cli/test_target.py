"""Which account a command works on: contradictions are refused, and AWS is changed only by its number."""

import boto3
import pytest
import typer
from botocore.stub import Stubber

from infra.cli import target
from infra.cli.stack_outputs import with_current_port

IDENTITY = {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/admin/ann", "UserId": "AROA"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", target.ACCOUNT, target.TARGET):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    sts = boto3.client("sts", region_name="eu-west-1")
    stubber = Stubber(sts)
    for _ in range(3):
        stubber.add_response("get_caller_identity", IDENTITY)
    stubber.activate()
    monkeypatch.setattr(boto3.Session, "client", lambda _self, _service: sts)
    monkeypatch.setattr(boto3, "client", lambda _service: sts)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "AWS_ENDPOINT_URL=http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL_S3": "http://localhost:4566"}, "AWS_ENDPOINT_URL_S3"),
        ({"AWS_ACCESS_KEY_ID": "test"}, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_aws_is_refused_while_the_environment_leads_to_a_local_account(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(typer.Exit) as refused:
        target.use_aws(None)
    assert refused.value.exit_code == 2
    assert named in capsys.readouterr().err


def test_an_endpoint_elsewhere_may_be_aws() -> None:
    assert target.contradicts_aws({"AWS_ENDPOINT_URL_S3": "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com"}) is None


def test_the_account_is_shown_before_the_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    target.use_aws(None)
    shown = capsys.readouterr()
    assert shown.err == "[AWS account 123456789012, eu-west-1, as assumed-role/admin/ann]\n"
    assert shown.out == ""


def test_another_account_than_the_named_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        target.use_aws("999999999999")
    assert "these credentials belong to 123456789012" in capsys.readouterr().err


def test_a_command_that_changes_aws_needs_the_accounts_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    @target.writes()
    def change() -> None:
        done.append("changed")

    monkeypatch.setenv(target.TARGET, "aws")
    target.use_aws(None)
    with pytest.raises(typer.Exit) as refused:
        change()
    assert (refused.value.exit_code, done) == (2, [])
    assert "--account 123456789012" in capsys.readouterr().err

    target.use_aws("123456789012")
    change()
    assert done == ["changed"]


@pytest.mark.parametrize(
    ("value", "endpoint", "shown"),
    [
        ("http://127.0.0.1:4566/_aws/execute-api/a1", "http://127.0.0.1:4600", "http://127.0.0.1:4600/_aws/execute-api/a1"),
        ("https://a1.execute-api.eu-west-1.amazonaws.com", None, "https://a1.execute-api.eu-west-1.amazonaws.com"),
        ("http://127.0.0.1:9/x", None, "http://127.0.0.1:9/x"),
        ("todo-app-data", "http://127.0.0.1:4600", "todo-app-data"),
    ],
)  # fmt: skip
def test_outputs_have_the_port_that_the_account_has_now(value: str, endpoint: str | None, shown: str) -> None:
    assert with_current_port(value, endpoint) == shown
