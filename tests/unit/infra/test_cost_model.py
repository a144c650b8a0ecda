"""The cost model: its page is current, and its figures follow from prices and usage."""

import json
from collections import defaultdict

import pytest

from api.contract import METRICS_NAMESPACE
from infra import ROOT, cost_model
from infra.cost_model import REQUESTS_A_DAY, Usage, monthly


def test_the_page_is_what_the_model_says() -> None:
    assert cost_model.PAGE.read_text() == cost_model.page(Usage()), "`python -m infra.cost_model` writes docs/cost.md"


def test_who_deploys_reads_what_an_idle_environment_costs() -> None:
    assert f"about {sum(monthly(0, Usage()).values()):.0f} USD a month" in (ROOT / "docs" / "deploy.md").read_text()


def test_an_idle_environment_pays_neither_requests_nor_builds() -> None:
    idle = monthly(0, Usage())
    assert {service for service, dollars in idle.items() if dollars == 0} == {
        "API Gateway", "DynamoDB", "Firehose", "S3", "Glue crawler", "Athena",
    }  # fmt: skip
    assert 15 < sum(idle.values()) < 60


def test_what_is_paid_per_request_grows_with_requests_and_builds_do_not() -> None:
    small, large = (monthly(requests, Usage()) for requests in REQUESTS_A_DAY[:2])
    assert large["API Gateway"] == pytest.approx(100 * small["API Gateway"])
    assert large["DynamoDB"] == pytest.approx(100 * small["DynamoDB"])
    assert large["Glue crawler"] == small["Glue crawler"]


def test_one_write_a_day_costs_its_write_units() -> None:
    only_writes = Usage(write_share=1, write_units=6, item_bytes=0, webhook_share=0)
    # and half a read unit, for the look-up of its user's webhooks
    assert monthly(1_000_000, only_writes)["DynamoDB"] == pytest.approx(30 * (6 * 0.625 + 0.5 * 0.125))


def test_the_alarms_and_metrics_that_are_paid_for_are_those_of_prod() -> None:
    template = json.loads((ROOT / "cdk.snapshots" / "prod" / "TodoMonitoringStack.json").read_text())
    by_type = defaultdict(list)
    for resource in template["Resources"].values():
        by_type[resource["Type"]].append(resource["Properties"])
    alarms = by_type["AWS::CloudWatch::Alarm"]
    # an alarm on metric math is charged for each of its metrics
    charged = sum(sum("MetricStat" in query for query in each.get("Metrics", [])) or 1 for each in alarms)
    assert charged == cost_model.ALARMS
    assert len(by_type["AWS::CloudWatch::CompositeAlarm"]) == cost_model.COMPOSITE_ALARMS

    ours = set()
    for alarm in alarms:
        for metric in (
            alarm,
            *(query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query),
        ):
            if metric.get("Namespace") == METRICS_NAMESPACE:
                ours.add((metric["MetricName"], *(one["Value"] for one in metric.get("Dimensions", []))))
    (dashboard,) = by_type["AWS::CloudWatch::Dashboard"]
    parts = dashboard["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(part if isinstance(part, str) else "…" for part in parts))
    for widget in body["widgets"]:
        for namespace, name, *rest in (row for row in widget["properties"].get("metrics", []) if len(row) > 1):
            if namespace == METRICS_NAMESPACE:
                ours.add((name, *[word for word in rest if isinstance(word, str)][1::2]))
    assert len({(name, *sorted(values)) for name, *values in ours}) == cost_model.CUSTOM_METRICS
