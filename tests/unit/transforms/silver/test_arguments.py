from datetime import UTC, datetime

import pytest

from transforms.silver.build import Report
from transforms.silver.job import parse

REQUIRED = [
    *("--bronze", "s3://bronze", "--warehouse", "s3://silver/"),
    *("--database", "todo_silver", "--email-key-secret-id", "todo-email-hash-key"),
]


def test_arguments_that_glue_adds_are_left_alone() -> None:
    given = [*REQUIRED, "--objects", "s3://a/objects.json", "--JOB_NAME", "todo-silver", "--enable-metrics"]
    arguments = parse([*given, "--TempDir", "s3://tmp/"])
    assert arguments.bronze == "s3://bronze/"
    assert arguments.warehouse == "s3://silver/"
    assert arguments.email_key_secret_id == "todo-email-hash-key"
    assert arguments.objects == "s3://a/objects.json"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T10:59:59Z", datetime(2026, 11, 23, 10, 59, 59, tzinfo=UTC)),
        ("2026-11-23T01:30+02:00", datetime(2026, 11, 22, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_window_is_in_utc(text: str, moment: datetime) -> None:
    assert parse([*REQUIRED, "--from", text, "--to", ""]).start == moment


def test_a_window_that_is_no_time_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*REQUIRED, "--from", "yesterday"])
    assert "ISO 8601" in capsys.readouterr().err


@pytest.mark.parametrize("other", [("--full-refresh", "true"), ("--objects", "s3://a/b")])
def test_a_window_goes_with_nothing_else(other: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*REQUIRED, *other, "--from", "2026-11-23"])
    assert "neither --objects nor --full-refresh" in capsys.readouterr().err


def test_tables_to_rebuild_are_silvers() -> None:
    assert parse([*REQUIRED, "--rebuild", "users,tasks"]).rebuild == ["users", "tasks"]
    with pytest.raises(SystemExit):
        parse([*REQUIRED, "--rebuild", "user"])


def test_a_run_that_is_given_nothing_to_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(REQUIRED)
    assert "give --objects, --from and --to, or --full-refresh true" in capsys.readouterr().err


@pytest.mark.parametrize(("flag", "value"), [("--full-refresh", "maybe"), ("--reject-threshold", "2")])
def test_a_value_that_cannot_be_meant_is_refused_by_name(
    flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([*REQUIRED, flag, value])
    assert flag in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rejects", "read", "share", "exceeds"),
    [
        (0, 0, 0.0, False),
        # a handful says nothing about the producer, whatever its share
        (3, 3, 0.01, False),
        (20, 20, 0.0, False),
        (21, 21, 0.01, True),
        (21, 21, 1.0, False),
        (100, 10_000, 0.01, False),
        (101, 10_000, 0.01, True),
    ],
)
def test_rejects_are_tolerated_up_to_a_count_and_up_to_a_share(
    rejects: int, read: int, share: float, exceeds: bool
) -> None:
    assert Report(None, None, envelopes=read, rejects=rejects).exceeds(share) is exceeds


def test_a_report_is_what_the_pipeline_reads() -> None:
    report = Report(None, "2026-11-24T00:00:00Z", envelopes=3, requests=2, rejects=1, seconds=1.5)
    assert report.document() == {
        "window": {"from": None, "to": "2026-11-24T00:00:00Z"},
        "envelopes": 3,
        "requests": 2,
        "rejects": 1,
        "unreadable": {},
        "rows": {"task_events": 0, "tasks": 0, "users": 0, "api_requests": 0},
        "seconds": 1.5,
    }
