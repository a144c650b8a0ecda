"""`insights dbt docs`: the documentation of gold as the pipeline published it, with its lineage."""

import pathlib

import boto3

from infra.cli.errors import fail
from transforms.dbt.runner import DOCUMENTATION_KEY


def fetch_documentation(bucket: str, folder: pathlib.Path) -> pathlib.Path:
    """Fetch the page that the first build of a day wrote last; where it is now.

    Args:
        bucket: gold's.
        folder: where the page goes, as index.html.

    Raises:
        typer.Exit: no build has written any.
    """
    s3 = boto3.client("s3")
    try:
        found = s3.get_object(Bucket=bucket, Key=DOCUMENTATION_KEY)
    except s3.exceptions.NoSuchKey:
        fail("no build has documented gold yet", "insights pipeline start: the first build of a day does")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_bytes(found["Body"].read())
    return page
