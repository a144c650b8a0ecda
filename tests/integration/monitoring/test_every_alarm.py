"""Every alarm of prod goes off by the metric that it watches and recovers; one incident notifies once.

The metrics are put into CloudWatch with the namespace and dimensions under which their services put them
(`METRICS` in tests/infra/test_alarms.py); no state is ever set by hand.
"""

import dataclasses
import datetime as dt
import time

import pytest

from tests.conftest import until
from tests.integration.monitoring.conftest import SEVERITIES, Monitoring
from tests.integration.monitoring.metric_data import breaching, healthy, traffic

pytestmark = [pytest.mark.account, pytest.mark.slow]

VISIBLE_SECONDS = 8
CONSEQUENCES = (
    "todo-api-5xx",
    "todo-api-errors",
    "todo-api-throttles",
    "todo-cdc-errors",
    "todo-cdc-iterator-age",
    "todo-insights-pipeline-PublishInsights-failed",
)


# the first two keep their state between two counts, the third fills the newest minute with 0: a data point of the past,
# as this test puts them, starts none of them
ONLY_BY_THE_NEWEST = {
    "todo-cdc-failures-not-empty",
    "todo-webhooks-not-queued-not-empty",
    "todo-stream-records-not-kept",
}


def needs_data(monitoring: Monitoring) -> set[str]:
    """The alarms that are on, or stay as they are, while their metric is missing."""
    return {name for name, alarm in monitoring.alarms.items() if alarm["TreatMissingData"] != "notBreaching"}


def is_quiet(monitoring: Monitoring) -> bool:
    """Whether no alarm is on; those that need data get it first."""
    monitoring.put(point for name in needs_data(monitoring) for point in healthy(monitoring.alarms[name]))
    return set(monitoring.states().values()) == {"OK"}


def drive(monitoring: Monitoring, *names: str, seconds: float) -> None:
    monitoring.put(point for name in names for point in breaching(monitoring.alarms[name], seconds))


def test_every_alarm_goes_off_by_its_metric_and_recovers(monitoring: Monitoring) -> None:
    silent = {name for name, alarm in monitoring.alarms.items() if alarm["TreatMissingData"] == "breaching"}
    until("the alarms about missing data", lambda: {monitoring.states()[name] for name in silent} == {"ALARM"})
    until("no alarm", lambda: is_quiet(monitoring), every=1)

    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    others = set(monitoring.alarms) - silent - ONLY_BY_THE_NEWEST
    assert len(others) > 80
    drive(monitoring, *others, seconds=VISIBLE_SECONDS)
    try:
        until("every alarm to go off", lambda: others <= monitoring.changes("ALARM", began), VISIBLE_SECONDS + 10, 1)
    except AssertionError:
        pytest.fail(f"never on: {sorted(others - monitoring.changes('ALARM', began))}")
    monitoring.put(point for name in others for point in traffic(monitoring.alarms[name]))
    try:
        until("no alarm", lambda: is_quiet(monitoring), VISIBLE_SECONDS + 20, every=1)
    except AssertionError:
        pytest.fail(f"still on: {sorted(name for name, state in monitoring.states().items() if state != 'OK')}")


def test_one_incident_pages_once_and_says_once_that_it_is_over(monitoring: Monitoring) -> None:
    until("no alarm", lambda: is_quiet(monitoring), every=1)
    for severity in SEVERITIES:
        monitoring.messages(severity)

    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    # DynamoDB throttles; then everything fails that needs the table. The throttles are over long before their alarms,
    # which outlast the consequences
    drive(monitoring, "todo-app-data-write-throttles", "todo-app-data-read-throttles", seconds=2 * VISIBLE_SECONDS)
    until("the page", lambda: monitoring.states()["todo-table-page"] == "ALARM", VISIBLE_SECONDS)
    drive(monitoring, *CONSEQUENCES, seconds=VISIBLE_SECONDS)
    until("the consequences", lambda: set(CONSEQUENCES) <= monitoring.changes("ALARM", began), VISIBLE_SECONDS)
    until("no alarm", lambda: is_quiet(monitoring), 2 * VISIBLE_SECONDS + 30, every=1)
    time.sleep(1)

    assert monitoring.messages("page") == [("todo-table-page", "ALARM"), ("todo-table-page", "OK")]
    assert monitoring.messages("ticket") == []


def test_alarms_that_see_the_newest_count_alone_go_off_by_it_and_recover(monitoring: Monitoring) -> None:
    until("no alarm", lambda: is_quiet(monitoring), every=1)
    began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    points = [point for name in ONLY_BY_THE_NEWEST for point in breaching(monitoring.alarms[name], 0)]
    monitoring.put(dataclasses.replace(point, age=0) for point in points)
    until("the alarms", lambda: monitoring.changes("ALARM", began) >= ONLY_BY_THE_NEWEST)
    until("no alarm", lambda: is_quiet(monitoring), 2 * VISIBLE_SECONDS + 60, every=1)
