"""Files of deletes that apply to no row any more, taken out of a table's metadata.

A compaction writes the rows anew that a file of deletes leaves. Iceberg keeps that file until every data file of the
table is younger. `rewrite_position_delete_files` would take it out, but cannot read the deletes of a table with a list.
So the files that no data file needs are found from the metadata, and removed in one commit.
https://iceberg.apache.org/spec/#scan-planning
"""

from collections.abc import Iterator
from typing import Any

from pyspark.sql import SparkSession


def remove_unused_deletes(spark: SparkSession, name: str) -> int:
    """Remove the files of deletes that no data file of the newest snapshot needs; how many there were.

    Reads manifests, no data. Nobody else may be writing the table.

    Args:
        spark: the session.
        name: of the table, with catalog and database.
    """
    java: Any = spark._jvm
    table = java.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, name)
    snapshot = table.currentSnapshot()
    if snapshot is None:
        return 0
    held = {
        file.location(): file.copy()
        for manifest in snapshot.deleteManifests(table.io())
        for file in _each(java.org.apache.iceberg.ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs()))
    }
    if not held:
        return 0
    applying = {file.location() for task in _each(table.newScan().planFiles()) for file in task.deletes()}
    unused = [file for location, file in held.items() if location not in applying]
    if unused:
        rewrite = table.newRewrite()
        for file in unused:
            rewrite.deleteFile(file)
        rewrite.commit()
        spark.catalog.refreshTable(name)
    return len(unused)


def _each(closeable: Any) -> Iterator[Any]:
    """The elements of an iterable of Java that is to be closed."""
    elements = closeable.iterator()
    try:
        while elements.hasNext():
            yield elements.next()
    finally:
        elements.close()
        closeable.close()
