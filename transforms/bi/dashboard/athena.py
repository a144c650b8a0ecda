"""Gold, asked through Athena: cached answers, and what to do when there are none."""

import dataclasses
import os
import re

import awswrangler as wr
import boto3
import pandas as pd
import streamlit as st
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from transforms import contract

DATABASE = os.environ.get("GOLD_SCHEMA", contract.GOLD_DATABASE)
WORKGROUP = os.environ.get("WR_WORKGROUP", contract.WORKGROUP)
FRESH_SECONDS = 300
"""How long an answer is kept: gold changes with a run of the pipeline, not by the minute."""

POLL_SECONDS = 0.2
_CREDENTIALS = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
_WHO = "aws sts get-caller-identity"


class QueryError(Exception):
    """There is nothing to show.

    Args:
        what: a title for it.
        why: in words for the person in front of it.
        remedy: the commands that help; empty when none does.
    """

    def __init__(self, what: str, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.what, self.why, self.remedy = what, why, remedy


class UnreachableError(QueryError):
    """Nothing else on the page would be answered either."""


@dataclasses.dataclass(frozen=True)
class QueryResult:
    """What a query gave.

    Args:
        frame: its rows, dates as datetime64, decimals as float.
        scanned: bytes that Athena read for it.
    """

    frame: pd.DataFrame
    scanned: int


@st.cache_data(ttl=FRESH_SECONDS, show_spinner="asking Athena …")
def run_query(sql: str) -> QueryResult:
    """Run one SELECT in gold.

    Raises:
        UnreachableError: the account does not answer, or not to these credentials.
        QueryError: gold is not built, or Athena refuses the query.
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
        raise _refused(error.response["Error"]["Code"], error.response["Error"].get("Message", str(error))) from error
    except BotoCoreError as error:
        raise _unreachable(error) from error
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled) as error:
        raise _refused("", str(error)) from error
    return QueryResult(_plotted(frame), int(frame.query_metadata["Statistics"].get("DataScannedInBytes", 0)))


def _refused(code: str, message: str) -> QueryError:
    # an error names functions and tables, whose underscores Markdown would take for emphasis
    shown = re.sub(r"([\\`*_\[\]<>$~])", r"\\\1", message)
    if code in _CREDENTIALS:
        return UnreachableError("These credentials are not valid", f"They may have expired. AWS says: {shown}", _WHO)
    if "WorkGroup" in message and "not found" in message:
        return QueryError("Nothing is deployed yet", "There is no Athena workgroup.", "make deploy pipeline")
    if any(word in message for word in ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "does not exist")):
        return QueryError("Gold is not built yet", f"The pipeline makes it. Athena says: {shown}", "make pipeline")
    return QueryError("Athena did not answer this", f"Athena says: {shown}")


def _unreachable(error: BotoCoreError) -> QueryError:
    local = os.environ.get("AWS_ENDPOINT_URL")
    if local:
        why = f"Nothing answers at `{local}`: the local account is down, or only starting."
        return UnreachableError("The local account does not answer", why, "make up")
    return UnreachableError("AWS does not answer", str(error), _WHO)


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
