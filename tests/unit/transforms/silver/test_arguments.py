import pytest

from transforms.silver.arrivals import Window
from transforms.silver.build import Report
from transforms.silver.job import parse

REQUIRED = [
    *("--bronze", "s3://bronze/cdc", "--warehouse", "s3://silver/"),
    *("--database", "todo_silver", "--email-key-secret-id", "todo-email-hash-key"),
]


def test_arguments_that_glue_adds_are_left_alone() -> None:
    arguments, window = parse([*REQUIRED, "--JOB_NAME", "todo-silver", "--enable-metrics", "--TempDir", "s3://tmp/"])
    assert arguments.bronze == "s3://bronze/cdc/"
    assert arguments.warehouse == "s3://silver/"
    assert arguments.email_key_secret_id == "todo-email-hash-key"
    assert window == Window(None, None)


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        ("2026-11-23", "2026-11-24", Window("2026-11-23T00", "2026-11-24T00")),
        ("2026-11-23T10:59:59Z", "2026-11-23T12:00:01Z", Window("2026-11-23T10", "2026-11-23T13")),
        ("2026-11-23T10:00", "2026-11-23T12:00:00.000Z", Window("2026-11-23T10", "2026-11-23T12")),
        ("2026-11-23T01:30+02:00", "", Window("2026-11-22T23", None)),
        ("", "2026-12-31T23:30:00Z", Window(None, "2027-01-01T00")),
    ],
)
def test_a_window_grows_to_whole_hours_in_utc(start: str, end: str, window: Window) -> None:
    assert parse([*REQUIRED, "--from", start, "--to", end])[1] == window


def test_a_window_that_is_no_time_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*REQUIRED, "--from", "yesterday"])
    assert "ISO 8601" in capsys.readouterr().err


def test_a_window_knows_the_days_it_holds_part_of() -> None:
    window = Window("2026-11-23T10", "2026-11-25T00")
    days = ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]
    assert [day for day in days if window.holds_part_of(day)] == ["2026-11-23", "2026-11-24"]
    assert [day for day in days if Window().holds_part_of(day)] == days
    assert Window(end="2026-11-25T01").holds_part_of("2026-11-25")


def test_a_full_refresh_takes_no_window(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse([*REQUIRED, "--full-refresh", "true", "--from", "", "--to", ""])[0].full_refresh
    with pytest.raises(SystemExit):
        parse([*REQUIRED, "--full-refresh", "true", "--from", "2026-11-23"])
    assert "takes no --from" in capsys.readouterr().err


@pytest.mark.parametrize(("flag", "value"), [("--full-refresh", "maybe"), ("--reject-threshold", "2")])
def test_a_value_that_cannot_be_meant_is_refused_by_name(
    flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([*REQUIRED, flag, value])
    assert flag in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rejects", "read", "share", "exceeds"),
    [(0, 0, 0.0, False), (1, 100, 0.01, False), (2, 100, 0.01, True), (1, 1, 1.0, False), (1, 100, 0.0, True)],
)
def test_a_share_of_rejects_is_tolerated_up_to_itself(rejects: int, read: int, share: float, exceeds: bool) -> None:
    assert Report(None, None, envelopes=read, rejects=rejects).exceeds(share) is exceeds


def test_a_report_is_what_the_pipeline_reads() -> None:
    report = Report(None, "2026-11-24T00:00:00Z", envelopes=3, requests=2, rejects=1, seconds=1.5)
    assert report.document() == {
        "window": {"from": None, "to": "2026-11-24T00:00:00Z"},
        "envelopes": 3,
        "requests": 2,
        "rejects": 1,
        "rows": {"task_events": 0, "tasks": 0, "users": 0, "api_requests": 0},
        "seconds": 1.5,
    }
