"""What the stores hold: the demo's figures come from here, never from the driver's own counters."""

import dataclasses
import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3

from api import contract
from infra.cli.athena import run_query
from ingestion.contract import CHANGES
from transforms.contract import GOLD_DATABASE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Key = tuple[str, str]


@dataclasses.dataclass
class Table:
    """The items of the table that leave it as changes.

    Args:
        versions: newest version by (PK, SK).
        live_tasks: live (not deleted) tasks by user id: {"total": n, "completed": n}.
    """

    versions: dict[Key, int]
    live_tasks: dict[str, dict[str, int]]

    @property
    def total(self) -> int:
        """How many live tasks there are."""
        return sum(figures["total"] for figures in self.live_tasks.values())

    @property
    def completed(self) -> int:
        """How many of the live tasks are completed."""
        return sum(figures["completed"] for figures in self.live_tasks.values())

    @property
    def users(self) -> int:
        """How many users there are."""
        return sum(1 for key, _ in self.versions if contract.entity_type_of(key) == contract.EntityType.USER)


def read_table(name: str) -> Table:
    """Scan table `name` (consistently) into what the lake has to agree with."""
    versions: dict[Key, int] = {}
    live: dict[str, dict[str, int]] = {}
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    for item in (item for page in pages for item in page["Items"]):
        key = _text(item["PK"]), _text(item["SK"])
        if contract.entity_type_of(key[0]) not in contract.CAPTURED_ENTITY_TYPES:
            continue
        versions[key] = int(item["version"]["N"])
        if contract.entity_type_of(key[0]) == contract.EntityType.TASK and "deleted_at" not in item:
            figures = live.setdefault(_text(item["user_id"]), {"total": 0, "completed": 0})
            figures["total"] += 1
            figures["completed"] += _text(item["status"]) == contract.Status.COMPLETED
    return Table(versions, live)


def _text(value: "AttributeValueTypeDef") -> str:
    return str(value["S"])


class Bronze:
    """The change objects of a bucket, each read once."""

    def __init__(self, bucket: str) -> None:
        self._s3 = boto3.client("s3")
        self._bucket = bucket
        self._seen: set[str] = set()
        self.versions: dict[Key, int] = {}

    @property
    def objects(self) -> int:
        """How many change objects there are."""
        return len(self._seen)

    def refresh(self) -> None:
        """Read the objects that have arrived since the last time."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{CHANGES}/")
        for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
            if key in self._seen:
                continue
            for change in self._lines(key):
                if "keys" not in change:  # it breaks the contract, and silver rejects it
                    continue
                name = change["keys"]["PK"], change["keys"]["SK"]
                version = (change["new_image"] or change["old_image"])["version"]
                self.versions[name] = max(version, self.versions.get(name, 0))
            self._seen.add(key)

    def _lines(self, key: str) -> Iterator[dict[str, Any]]:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        for line in gzip.decompress(body).splitlines():
            yield json.loads(line)

    def missing(self, table: Table) -> int:
        """How many of the table's items have a newer version than bronze has seen."""
        self.refresh()
        return sum(self.versions.get(key, 0) < version for key, version in table.versions.items())


def query(sql: str, database: str = GOLD_DATABASE) -> list[dict[str, str | None]]:
    """Rows of an Athena query, as text by column name.

    Raises:
        infra.cli.athena.QueryError: with Athena's message.
    """
    answer = run_query(sql, database)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
