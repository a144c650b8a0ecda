"""Tables of silver that have lost their history: dropped, without their metadata file, or empty after they held rows.

A run would create such a table anew with the rows of its own window, and everything after it would be wrong and green.
So the warehouse keeps the names of the tables that have held rows, in an object beside them.
"""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ingestion.bronze_objects import split

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

NO_SNAPSHOT = (None, -1)  # https://iceberg.apache.org/spec/#table-metadata-fields


class SilverTableLost(Exception):  # noqa: N818 - the pipeline's states tell failures by this name
    """A table that has held rows has none; the message names it and the command that rebuilds it."""


class TableRecord:
    """Which tables of a database have held rows.

    Args:
        glue: knows the tables.
        s3: keeps the record.
        database: in the Glue catalog.
        warehouse: `s3://bucket/`.
    """

    def __init__(self, glue: "GlueClient", s3: "S3Client", database: str, warehouse: str) -> None:
        self._glue, self._s3, self._database = glue, s3, database
        self._bucket, self._key = split(f"{warehouse.rstrip('/')}/{database}.tables.json")

    def check(self, rebuilt: Collection[str]) -> None:
        """Refuse to go on when a table that has held rows has none.

        Args:
            rebuilt: tables that this run builds anew.

        Raises:
            SilverTableLost: names every such table.
        """
        expected = self._read() - set(rebuilt)
        if not expected:
            return
        found = self._locations()
        lost = {name: problem for name in sorted(expected) if (problem := self._problem(found, name))}
        if lost:
            options = " ".join(f"--rebuild {name}" for name in lost)
            raise SilverTableLost(
                f"{'; '.join(f'{self._database}.{name} {problem}' for name, problem in lost.items())}. "
                f"Rebuild from bronze: insights pipeline start {options} --wait"
            )

    def update(self) -> None:
        """Add the tables that hold rows now."""
        known, found = self._read(), self._locations()
        names = known | {name for name in found if not self._problem(found, name)}
        if names != known:
            body = json.dumps({"tables": sorted(names)}).encode()
            self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=body, ContentType="application/json")

    def _read(self) -> set[str]:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return set()
        return set(json.loads(body)["tables"])

    def _locations(self) -> dict[str, str]:
        """The URI of each table's metadata file."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
        return {
            table["Name"]: table.get("Parameters", {}).get("metadata_location", "")
            for page in pages
            for table in page["TableList"]
        }

    def _problem(self, locations: dict[str, str], name: str) -> str:
        """What is wrong with a table that has held rows; empty if nothing is."""
        if name not in locations:
            return "is not in the catalog any more"
        bucket, key = split(locations[name])
        if not key:
            return "has no metadata_location in the catalog"
        try:
            metadata: dict[str, Any] = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except self._s3.exceptions.NoSuchKey:
            return f"has lost its metadata file {locations[name]}"
        return "is empty, although it has held rows" if metadata.get("current-snapshot-id") in NO_SNAPSHOT else ""
