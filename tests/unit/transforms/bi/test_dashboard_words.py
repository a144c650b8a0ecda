"""What the dashboard makes of Athena's refusals, and of moments."""

from typing import Any

import awswrangler as wr
import pandas as pd
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from transforms.bi.dashboard import as_of
from transforms.bi.dashboard.athena import QueryError, UnreachableError, run_query
from transforms.bi.dashboard.figures import figures


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "StartQueryExecution")


LOCAL = "http://127.0.0.1:1"
DOWN = EndpointConnectionError(endpoint_url=LOCAL)


@pytest.mark.parametrize(
    ("error", "endpoint", "kind", "what", "remedy"),
    [
        (DOWN, LOCAL, UnreachableError, "The local account does not answer", "make up"),
        (DOWN, "", UnreachableError, "AWS does not answer", "aws sts get-caller-identity"),
        (
            refusal("ExpiredTokenException"),
            "",
            UnreachableError,
            "These credentials are not valid",
            "aws sts get-",
        ),
        (
            refusal("InvalidRequestException", "WorkGroup x is not found."),
            "",
            QueryError,
            "Nothing is deployed",
            "",
        ),
        (
            wr.exceptions.QueryFailed("TABLE_NOT_FOUND: x"),
            "",
            QueryError,
            "Gold is not built yet",
            "make pipeline",
        ),
        (wr.exceptions.QueryFailed("DIVISION_BY_ZERO"), "", QueryError, "Athena did not answer this", ""),
        (wr.exceptions.QueryCancelled("too much"), "", QueryError, "Athena did not answer this", ""),
    ],
)
def test_a_refusal_becomes_words_and_a_remedy(
    error: Exception, endpoint: str, kind: type, what: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_arguments: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(wr.athena, "read_sql_query", refuses)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(QueryError) as caught:
        run_query("select 1")
    assert type(caught.value) is kind
    assert caught.value.what.startswith(what)
    assert caught.value.remedy.startswith(remedy)


def test_names_in_a_refusal_stay_as_they_are_in_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_arguments: Any, **_options: Any) -> None:
        raise wr.exceptions.QueryFailed("no __name__ of [a]")

    monkeypatch.setattr(wr.athena, "read_sql_query", refuses)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(QueryError) as caught:
        run_query("select 2")
    assert caught.value.why.endswith(r"no \_\_name\_\_ of \[a\]")


def test_a_moment_has_its_time_when_there_is_one() -> None:
    assert as_of.format_moment(pd.Timestamp("2026-11-22")) == "as of Sunday 22 November 2026"
    assert as_of.format_moment(pd.Timestamp("2026-11-02 07:05:30")) == "as of Monday 2 November 2026, 07:05 UTC"


@pytest.mark.parametrize(
    ("now", "before", "delta", "good", "changed"),
    [(3, 1, "+2", "inverse", True), (3, 3, "+0", "off", False), (3, None, None, "inverse", True)],
)
def test_a_figure_that_did_not_change_points_nowhere(
    now: int, before: int | None, delta: str | None, good: str, changed: bool
) -> None:
    columns = ("open_tasks", "overdue", "created", "completed", "active_users", "cycle_hours")
    row = dict.fromkeys(columns, now) | {f"{name}_before": before for name in columns}
    shown = figures(pd.DataFrame([row]))[0]
    assert (shown.value, shown.delta, shown.good, shown.changed) == ("3", delta, good, changed)
