"""The table and partitions that the catalog gets for one S3 target of a crawler."""

import enum
import functools
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

import boto3

from infra.local.glue import json_schema, listing
from infra.local.glue.hive_types import FORMATS

PARTITIONS_PER_CALL = 100
# AWS names the parameters so: docs.aws.amazon.com/glue/latest/dg/table-properties-crawler.html
OWNER, DEPRECATED = "UPDATED_BY_CRAWLER", "DEPRECATED_BY_CRAWLER"
INPUT = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")


class Outcome(enum.Enum):
    """What came of a target."""

    CATALOGUED = "table and partitions are up to date"
    EMPTY = "no data found"
    STOPPED = "stopped"


class Target:
    """Brings the catalog in line with what lies below one path: one table for the whole of it.

    Args:
        session: of the crawler's role.
        crawler: as GetCrawler describes it.
        description: one of its S3Targets.
        reader: the crawler's, kept from crawl to crawl.
    """

    def __init__(
        self,
        session: boto3.Session,
        crawler: dict[str, Any],
        description: dict[str, Any],
        reader: listing.SchemaReader,
    ) -> None:
        self._s3: Any = session.client("s3")
        self._catalog: Any = session.client("glue")
        self._crawler, self._reader = crawler, reader
        self._database = crawler["DatabaseName"]
        self._root = description["Path"].rstrip("/") + "/"
        self._exclusions = description.get("Exclusions") or []

    def crawl(self, stopped: Callable[[], bool]) -> Outcome:
        """Do it, unless `stopped` becomes true before the catalog is touched.

        Raises:
            botocore.exceptions.ClientError: the bucket is missing, or the role lacks a permission.
            ValueError: an object holds something else than JSON lines.
        """
        objects = listing.list_objects(self._s3, self._root, self._exclusions)
        schemas = [self._reader.schema(self._s3, one) for one in objects if not stopped()]
        if stopped():
            return Outcome.STOPPED
        name, old = self._table()
        if not objects:
            self._remove_table(old)
            return Outcome.EMPTY
        table = self._table_input(name, objects, schemas)
        self._save_partitions(name, self._save(table, old), listing.partitions(self._root, objects))
        return Outcome.CATALOGUED

    def _policy(self, name: str, default: str) -> str:
        return str((self._crawler.get("SchemaChangePolicy") or {}).get(name, default))

    def _existing(self, name: str) -> dict[str, Any] | None:
        try:
            table: dict[str, Any] = self._catalog.get_table(DatabaseName=self._database, Name=name)["Table"]
        except self._catalog.exceptions.EntityNotFoundException:
            return None
        return table

    def _table(self) -> tuple[str, dict[str, Any] | None]:
        """Name and present state: the folder's name, or, where another table has that, with a hash of the location."""
        folder = self._root.rstrip("/").rpartition("/")[2]
        name = str(self._crawler.get("TablePrefix") or "") + re.sub(r"[^a-z0-9_]", "_", folder.lower())
        old = self._existing(name)
        if old is None or old.get("StorageDescriptor", {}).get("Location", "").rstrip("/") + "/" == self._root:
            return name, old
        name += "_" + hashlib.md5(self._root.encode(), usedforsecurity=False).hexdigest()
        return name, self._existing(name)

    def _table_input(
        self, name: str, objects: list[listing.DataObject], schemas: list[json_schema.Struct]
    ) -> dict[str, Any]:
        keys = listing.partition_keys(objects)
        columns = [
            {"Name": column, "Type": json_schema.to_hive(kind)}
            for column, kind in functools.reduce(json_schema.merge_structs, schemas).items()
            if column not in keys
        ]
        input_format, output_format, serde = FORMATS["json"]
        compressed = any(one.key.endswith(".gz") for one in objects)
        return {
            "Name": name,
            "Owner": "owner",
            "TableType": "EXTERNAL_TABLE",
            "Retention": 0,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
            "Parameters": {
                "classification": "json",
                "compressionType": "gzip" if compressed else "none",
                "typeOfData": "file",
                "objectCount": str(len(objects)),
                "sizeKey": str(sum(one.size for one in objects)),
                OWNER: self._crawler["Name"],
            },
            "StorageDescriptor": {
                "Columns": columns,
                "Location": self._root,
                "InputFormat": input_format,
                "OutputFormat": output_format,
                "Compressed": compressed,
                "NumberOfBuckets": -1,
                "StoredAsSubDirectories": False,
                "SerdeInfo": {
                    "SerializationLibrary": serde,
                    "Parameters": {"paths": ",".join(sorted(column["Name"] for column in columns))},
                },
            },
        }

    def _save(self, table: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
        """Create or update the table as the crawler's policy says; returns the storage descriptor that it then has."""
        storage: dict[str, Any] = table["StorageDescriptor"]
        if old is None:
            self._catalog.create_table(DatabaseName=self._database, TableInput=table)
        elif self._policy("UpdateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE":
            kept = {name: value for name, value in old.get("Parameters", {}).items() if name != DEPRECATED}
            changed = {**table, "Parameters": {**kept, **table["Parameters"]}}
            self._catalog.update_table(DatabaseName=self._database, TableInput=changed)
        else:
            storage = old["StorageDescriptor"]
        return storage

    def _remove_table(self, table: dict[str, Any] | None) -> None:
        """Do with the table of data that is gone what the policy says; a table of somebody else is left alone."""
        if table is None or table.get("Parameters", {}).get(OWNER) != self._crawler["Name"]:
            return
        behaviour = self._policy("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        if behaviour == "DELETE_FROM_DATABASE":
            self._catalog.delete_table(DatabaseName=self._database, Name=table["Name"])
        elif behaviour == "DEPRECATE_IN_DATABASE":
            parameters = {**table["Parameters"], DEPRECATED: str(int(time.time() * 1000))}
            changed = {name: table[name] for name in INPUT if table.get(name)} | {"Parameters": parameters}
            self._catalog.update_table(DatabaseName=self._database, TableInput=changed)

    def _save_partitions(self, name: str, storage: dict[str, Any], locations: dict[tuple[str, ...], str]) -> None:
        place = {"DatabaseName": self._database, "TableName": name}
        pages = self._catalog.get_paginator("get_partitions").paginate(**place)
        known = {tuple(partition["Values"]) for page in pages for partition in page["Partitions"]}
        added = [
            {"Values": list(values), "StorageDescriptor": {**storage, "Location": location}}
            for values, location in locations.items()
            if values not in known
        ]
        for start in range(0, len(added), PARTITIONS_PER_CALL):
            batch = added[start : start + PARTITIONS_PER_CALL]
            self._catalog.batch_create_partition(**place, PartitionInputList=batch)
        if self._policy("DeleteBehavior", "DEPRECATE_IN_DATABASE") == "DELETE_FROM_DATABASE":
            gone = [{"Values": list(values)} for values in sorted(known - set(locations))]
            for start in range(0, len(gone), PARTITIONS_PER_CALL):
                self._catalog.batch_delete_partition(
                    **place, PartitionsToDelete=gone[start : start + PARTITIONS_PER_CALL]
                )
