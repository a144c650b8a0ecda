"""Alerts on figures of saved queries: one message when a figure crosses its threshold, one when it is back.

What was crossed before is one object of gold's bucket, so a figure that stays beyond its threshold says nothing again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from orchestration.contract import PUBLISHED
from transforms.alert_contract import FigureAlert

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

KEY = f"{PUBLISHED}figure_alerts.json"
HOW_TO = "docs/how-to/get-an-alert-on-a-figure.md"
# https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetNamedQuery.html
MOST_AT_ONCE = 50


class Ask(Protocol):
    """Runs a query of gold and gives its rows."""

    def __call__(self, sql: str) -> Iterator[dict[str, str]]:
        """The rows of `sql`, null as empty text."""


def notify(
    alerts: Iterable[FigureAlert], queries: Mapping[str, str], ask: Ask, s3: "S3Client", bucket: str, send: Any
) -> dict[str, Any]:
    """Evaluate alerts and send a message for each that has crossed its threshold, or is back, since the last time.

    Args:
        alerts: those to evaluate.
        queries: SQL of saved queries by title.
        ask: runs a query of gold.
        s3: keeps what is crossed.
        bucket: of gold.
        send: takes subject and text of a message.

    Returns:
        what is kept: by alert, whether it is crossed, and its figure.
    """
    before, now = _read(s3, bucket), {}
    for alert in alerts:
        figure = _figure(alert, queries[alert.query], ask)
        was_crossed = bool(before.get(alert.name, {}).get("crossed"))
        # without a row there is no figure, and nothing changes
        crossed = was_crossed if figure is None else alert.is_crossed(figure)
        now[alert.name] = {"crossed": crossed, "figure": figure}
        if crossed != was_crossed:
            send(*_message(alert, figure, crossed=crossed))
    s3.put_object(Bucket=bucket, Key=KEY, Body=json.dumps(now).encode(), ContentType="application/json")
    return now


def read_saved_queries(athena: "AthenaClient", workgroup: str) -> dict[str, str]:
    """SQL of the saved queries of a workgroup, by title.

    Args:
        athena: knows them as named queries.
        workgroup: that they belong to.
    """
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup)
    ids = [one for page in pages for one in page["NamedQueryIds"]]
    found: dict[str, str] = {}
    for at in range(0, len(ids), MOST_AT_ONCE):
        batch = athena.batch_get_named_query(NamedQueryIds=ids[at : at + MOST_AT_ONCE])
        found |= {one["Name"]: one["QueryString"] for one in batch["NamedQueries"]}
    return found


def publish(sns: "SNSClient", topic: str, subject: str, text: str) -> None:
    """Send a message to the subscribers of a topic."""
    sns.publish(TopicArn=topic, Subject=subject, Message=text)


def _figure(alert: FigureAlert, sql: str, ask: Ask) -> float | None:
    conditions = " and ".join(f"cast({name} as varchar) = {_literal(value)}" for name, value in alert.where.items())
    where = f" where {conditions}" if conditions else ""
    (row,) = ask(f"select max(cast({alert.column} as double)) as figure from ({sql}) as answer{where}")  # noqa: S608
    return float(row["figure"]) if row["figure"] else None


def _message(alert: FigureAlert, figure: float | None, *, crossed: bool) -> tuple[str, str]:
    state = alert.threshold() if crossed else f"no longer {alert.threshold()}"
    which = ", ".join(f"{name} {value}" for name, value in alert.where.items()) or alert.column
    text = f"{alert.query}: {which} is {figure:g}, {state}.\n{alert.advice}\nChange or end this alert: {HOW_TO}\n"
    return f"{alert.name}: {state}", text


def _read(s3: "S3Client", bucket: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=KEY)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return {}
    return found


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
