"""What figures are as of: each by the table that it is read from.

The models that dbt builds know everything up to the day of their run, which is the last day of the backlog. Requests
reach gold by the log's own way, and the pipeline writes down its runs after gold is built.
"""

import re

import pandas as pd

from orchestration.contract import RUNS_TABLE
from transforms.bi.dashboard.athena import run_query

BACKLOG = "fct_daily_backlog"
_LAST = {
    BACKLOG: "select max(backlog_date) as at from fct_daily_backlog",
    "agg_api_usage_daily": "select max(usage_date) as at from agg_api_usage_daily",
    RUNS_TABLE: "select max(ended_at) as at from pipeline_runs",
}


def describe_freshness(sql: str) -> str:
    """`as of Sunday 22 November 2026`, with the time when it is known; empty when there is no data yet.

    Args:
        sql: what the figures were asked with.

    Raises:
        QueryError: Athena cannot say.
    """
    read = next((table for table in _LAST if re.search(rf"\b{table}\b", sql)), BACKLOG)
    last = run_query(_LAST[read]).frame["at"].iloc[0]
    return "" if pd.isna(last) else format_moment(pd.Timestamp(last))


def format_moment(moment: pd.Timestamp) -> str:
    """The words for a day, or for an instant of one."""
    day = f"as of {moment:%A} {moment.day} {moment:%B %Y}"
    return day if moment == moment.normalize() else f"{day}, {moment:%H:%M} UTC"
