"""The dashboard `TodoApiMonitoring` after the demo: no widget is empty, and it can be drawn."""

import datetime as dt
from xml.etree import ElementTree as ET

import boto3
import pytest

from infra.resource_names import DASHBOARD
from infra.site.monitoring_drawing import draw
from infra.site.monitoring_widgets import Widget, read_widgets
from tests.conftest import until
from tests.e2e.conftest import Platform

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

SECTIONS = {
    "API health",
    "Lambda",
    "DynamoDB",
    "Ingestion",
    "Pipeline",
    "Data freshness and quality",
    "Business",
}


def read() -> list[Widget]:
    return read_widgets(boto3.client("cloudwatch"), DASHBOARD, dt.timedelta(hours=3))


@pytest.mark.usefixtures("built")
def test_no_widget_is_empty_on_demo_data() -> None:
    # the functions' metrics come with their logs, seconds later
    until("every widget to have data", lambda: not any(each.is_empty for each in read()), 20, every=1)
    widgets = read()
    assert {each.title for each in widgets if each.kind == "text"} == SECTIONS
    words = {element.text for element in ET.fromstring(draw(widgets)).iter() if element.text}  # noqa: S314 - our own
    assert {each.title for each in widgets} <= words
    assert "no data" not in words


def test_the_business_figures_are_those_of_gold(built: Platform) -> None:
    (figures,) = (each.series for each in read() if each.kind == "singleValue")
    latest = {each.label: each.points[-1][1] for each in figures}
    names = {"".join(word.capitalize() for word in name.split("_")) for name in built.kpis()}
    assert set(latest) - {"TableItems", "TableBytes"} <= names
    # that their values are gold's is shown where they are published: tests/integration/orchestration/test_publish.py
    assert min(latest[name] for name in ("TotalTasks", "HighPriorityTasks", "TableItems")) > 0
