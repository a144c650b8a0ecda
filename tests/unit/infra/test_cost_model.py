"""The cost model: its page is current, and its figures follow from prices and usage."""

import json

import pytest

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
    only_writes = Usage(write_share=1, write_units=6, item_bytes=0)
    assert monthly(1_000_000, only_writes)["DynamoDB"] == pytest.approx(30 * 6 * 0.625)


def test_the_alarms_that_are_paid_for_are_about_those_of_prod() -> None:
    template = json.loads((ROOT / "cdk.snapshots" / "prod" / "TodoMonitoringStack.json").read_text())
    alarms = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    # an alarm on metric math is charged for each of its metrics
    charged = sum(sum("MetricStat" in query for query in each.get("Metrics", [])) or 1 for each in alarms)
    assert pytest.approx(charged, rel=0.1) == cost_model.ALARMS
