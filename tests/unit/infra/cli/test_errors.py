"""What operators read when a command meets a problem: the error, and the way out."""

import pytest
import typer
from botocore.exceptions import ClientError

from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode
from orchestration.executions.errors import NotDeployedError, NotRedrivableError, NotRunError


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


@pytest.mark.parametrize(
    ("raised", "way_out"),
    [
        (NotDeployedError("nothing is deployed"), "make deploy"),
        (NotRunError("the pipeline has not run yet"), "insights pipeline start"),
        (refused("InvalidRequestException", "WorkGroup todo-analytics-workgroup is not found."), "make deploy"),
        (refused("ExecutionDoesNotExist", "Execution arn not found"), "insights pipeline history"),
        (refused("ExpiredTokenException", "the token is too old"), "sign in again"),
        (refused("ThrottlingException", "Rate exceeded"), "slow down"),
        (NotRedrivableError("run-1 succeeded"), "insights pipeline start"),
        (
            refused(
                "AccessDeniedException",
                "User: x is not authorized to perform: states:RedriveExecution on resource: arn:aws:y",
            ),
            "ask for states:RedriveExecution on arn:aws:y",
        ),
        (
            refused("AccessDenied", "User x is not authorized to perform: states:ListStateMachines"),
            "ask for states:ListStateMachines on *",
        ),
        (refused("AccessDenied", "Access Denied"), "lacks a permission"),
    ],
)
def test_a_problem_comes_with_its_way_out_and_no_other(
    raised: Exception, way_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, explain_errors():
        raise raised
    error, hint = capsys.readouterr().err.splitlines()
    assert ended.value.exit_code == 1
    assert str(raised.args[0] if not isinstance(raised, ClientError) else raised.response["Error"]["Message"]) in error
    assert way_out in hint


def test_an_error_without_a_known_way_out_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), explain_errors():
        raise refused("InvalidRequestException", "line 1:8: COLUMN_NOT_FOUND")
    assert capsys.readouterr().err == "error: InvalidRequestException: line 1:8: COLUMN_NOT_FOUND\n"


def test_another_exit_code_than_1_is_passed_on() -> None:
    with pytest.raises(typer.Exit) as ended:
        fail("another execution runs", code=ExitCode.BUSY)
    assert ended.value.exit_code == 4
