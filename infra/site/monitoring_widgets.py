"""The widgets of the dashboard `TodoApiMonitoring` with the data that an account has for them.

Body of a dashboard: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

DEFAULT_PERIOD = 300


@dataclasses.dataclass(frozen=True)
class Series:
    """One line of a graph.

    Args:
        label: what the legend says.
        points: time and value, in the order of time.
    """

    label: str
    points: list[tuple[dt.datetime, float]]


@dataclasses.dataclass(frozen=True)
class Widget:
    """A part of the dashboard.

    Args:
        kind: `text`, `alarm`, `timeSeries` or `singleValue`.
        title: its heading.
        place: column, row, width and height in the dashboard's grid of 24 columns.
        series: of a graph, or of single values.
        alarms: name and state, of a widget that shows alarms.
    """

    kind: str
    title: str
    place: tuple[int, int, int, int]
    series: list[Series] = dataclasses.field(default_factory=list)
    alarms: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to show."""
        return self.kind != "text" and not self.alarms and not any(each.points for each in self.series)


def read_widgets(cloudwatch: "CloudWatchClient", name: str, since: dt.timedelta) -> list[Widget]:
    """Every widget of a dashboard, with its data.

    Args:
        cloudwatch: of the account.
        name: of the dashboard.
        since: how far back.
    """
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    return [_widget(cloudwatch, each, since) for each in body["widgets"]]


def _widget(cloudwatch: "CloudWatchClient", widget: dict[str, Any], since: dt.timedelta) -> Widget:
    properties = widget["properties"]
    place = (widget["x"], widget["y"], widget["width"], widget["height"])
    if widget["type"] == "text":
        return Widget("text", properties["markdown"].lstrip("# "), place)
    if widget["type"] == "alarm":
        return Widget("alarm", properties["title"], place, alarms=_alarms(cloudwatch, properties["alarms"]))
    queries = make_queries(properties["metrics"])
    now = dt.datetime.now(dt.UTC)
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - since, EndTime=now)  # type: ignore[arg-type]
    series = [
        Series(each["Label"], sorted(zip(each["Timestamps"], each["Values"], strict=True)))
        for each in found["MetricDataResults"]
    ]
    return Widget(properties["view"], properties["title"], place, series)


def _alarms(cloudwatch: "CloudWatchClient", arns: list[str]) -> list[tuple[str, str]]:
    names = [arn.rpartition(":")[2] for arn in arns]
    found = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    states = {each["AlarmName"]: each["StateValue"] for each in [*found["MetricAlarms"], *found["CompositeAlarms"]]}
    return [(name, states[name]) for name in names if name in states]


def make_queries(metrics: list[list[Any]]) -> list[dict[str, Any]]:
    """The metrics of a widget as GetMetricData takes them.

    Args:
        metrics: arrays of namespace, name, dimensions and options, or of an expression alone.
    """
    split = [(each[:-1], each[-1]) if isinstance(each[-1], dict) else (each, {}) for each in metrics]
    shown = [(path, options) for path, options in split if path and options.get("visible", True)]
    queries = []
    for number, (path, options) in enumerate(split):
        query = {"Id": options.get("id", f"m{number}"), "ReturnData": options.get("visible", True)}
        if "expression" in options:
            queries.append({**query, "Expression": options["expression"], "Label": options["label"]})
            continue
        namespace, name, *dimensions = path
        stat = {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [
                    {"Name": key, "Value": value} for key, value in zip(dimensions[::2], dimensions[1::2], strict=True)
                ],
            },
            "Period": options.get("period", DEFAULT_PERIOD),
            "Stat": options["stat"],
        }
        queries.append({**query, "MetricStat": stat, "Label": options.get("label") or _label(path, options, shown)})
    return queries


def _label(path: list[str], options: dict[str, Any], shown: list[tuple[list[str], dict[str, Any]]]) -> str:
    """What tells a metric from the others of its widget: its name, a dimension, or the statistic."""
    if len({name for (_, name, *_), _ in shown}) > 1 or len(path) == 2:
        return path[1]
    dimension = next((place for place in range(3, len(path), 2) if len({each[place] for each, _ in shown}) > 1), None)
    if dimension is not None:
        return path[dimension]
    return path[1] if len(shown) == 1 else str(options["stat"])
