"""Gold, asked through Athena: cached answers, and what to do when there are none."""

import dataclasses
import os

import awswrangler as wr
import boto3
import pandas as pd
import streamlit as st
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

DATABASE = os.environ.get("GOLD_SCHEMA", "todo_analytics")
WORKGROUP = os.environ.get("WR_WORKGROUP", "todo-analytics-workgroup")
FRESH_SECONDS = 300
"""How long an answer is kept: gold changes with a run of the pipeline, not by the minute."""

POLL_SECONDS = 0.2


class NoAnswerError(Exception):
    """There is nothing to show.

    Args:
        why: in words for the person in front of it.
        remedy: the commands that help.
    """

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a query gave.

    Args:
        frame: its rows, dates as datetime64, decimals as float.
        scanned: bytes that Athena read for it.
    """

    frame: pd.DataFrame
    scanned: int


@st.cache_data(ttl=FRESH_SECONDS, show_spinner="asking Athena …")
def ask(sql: str) -> Answer:
    """Run one SELECT in gold.

    Raises:
        NoAnswerError: the account does not answer, gold is not built, or the query is wrong.
    """
    wr.config.botocore_config = Config(connect_timeout=3, read_timeout=60, retries={"max_attempts": 1})
    try:
        frame = wr.athena.read_sql_query(
            sql,
            database=DATABASE,
            workgroup=WORKGROUP,
            ctas_approach=False,
            athena_query_wait_polling_delay=POLL_SECONDS,
            boto3_session=boto3.Session(),
        )
    except ClientError as error:
        raise _refused(error.response["Error"].get("Message", str(error))) from error
    except BotoCoreError as error:
        raise NoAnswerError(f"The account does not answer: {error}", "make up") from error
    except wr.exceptions.QueryFailed as error:
        raise _refused(str(error)) from error
    return Answer(_plotted(frame), int(frame.query_metadata["Statistics"].get("DataScannedInBytes", 0)))


def _refused(message: str) -> NoAnswerError:
    if "WorkGroup" in message and "not found" in message:
        return NoAnswerError("The stacks are not deployed yet: there is no Athena workgroup.", "make deploy pipeline")
    if any(code in message for code in ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "does not exist")):
        return NoAnswerError(f"Gold is not built yet. Athena says: {message}", "make pipeline")
    return NoAnswerError(f"Athena says: {message}", "")


def _plotted(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that charts know: Athena's dates arrive as Python objects, its decimals as Decimal."""
    for name in frame.columns:
        kinds = {type(value).__name__ for value in frame[name].dropna()}
        if kinds == {"date"}:
            frame[name] = pd.to_datetime(frame[name])
        elif kinds == {"Decimal"}:
            frame[name] = frame[name].astype(float)
        elif isinstance(frame[name].dtype, pd.Int64Dtype | pd.Int32Dtype):
            frame[name] = frame[name].astype("float64" if frame[name].hasnans else "int64")
    return frame
