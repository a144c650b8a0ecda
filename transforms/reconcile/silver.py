"""Silver's rows, read from its Iceberg tables without a query engine, so that no copy of them is left behind."""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue

from transforms.reconcile.compare import Row


def rows(database: str, table: str, columns: Sequence[str], since: dt.datetime | None = None) -> Iterator[Row]:
    """A table's rows as of its newest snapshot; times are UTC.

    Args:
        database: in the Glue catalog of the AWS environment.
        table: its name.
        columns: the ones to read.
        since: only rows that were merged at this instant or later; their files are read, and no others.

    Raises:
        pyiceberg.exceptions.NoSuchTableError: there is no such table.
    """
    # pyarrow's S3 does not read the AWS variable that names an endpoint, as boto3 does
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    # without a region pyiceberg asks S3 itself for each bucket's, and warns where there is no such service
    region = boto3.Session().region_name
    properties: dict[str, Any] = {"type": "glue", "client.region": region}
    if endpoint:
        properties["s3.endpoint"] = endpoint
    found = load_catalog("glue", **properties).load_table((database, table))
    chosen = f"merged_at >= '{since.isoformat()}'" if since else AlwaysTrue()
    for batch in found.scan(chosen, selected_fields=tuple(columns)).to_arrow_batch_reader():
        yield from batch.to_pylist()
