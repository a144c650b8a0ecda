import datetime as dt

from infra.cli.pipeline.bronze import folders


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_a_window_is_looked_for_in_whole_days_and_single_hours() -> None:
    assert list(folders(at("2026-11-01T22:30"), at("2026-11-03T01:00"))) == [
        "cdc/dt=2026-11-01/hour=22/",
        "logs/dt=2026-11-01/hour=22/",
        "cdc/dt=2026-11-01/hour=23/",
        "logs/dt=2026-11-01/hour=23/",
        "cdc/dt=2026-11-02/",
        "logs/dt=2026-11-02/",
        "cdc/dt=2026-11-03/hour=00/",
        "logs/dt=2026-11-03/hour=00/",
    ]
