"""`"table$files"` and its like: https://trino.io/docs/current/connector/iceberg.html#metadata-tables"""

from typing import Any

import pyarrow as pa
from pyiceberg.conversions import from_bytes
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import PrimitiveType

METADATA_TABLES = ("snapshots", "history", "files", "manifests", "partitions", "refs")
_BOUNDS = ("lower_bounds", "upper_bounds")


def read(table: StaticTable, name: str) -> pa.Table:
    """One of `METADATA_TABLES`, with instants of UTC, which pyiceberg leaves out."""
    if name == "partitions" and table.current_snapshot() is None:
        # pyiceberg has no partitions of a table that nothing was written to
        return pa.table({column: pa.array([], pa.int64()) for column in ("record_count", "file_count", "total_size")})
    found: pa.Table = getattr(table.inspect, name)()
    instants = [pa.timestamp("us", "UTC") if pa.types.is_timestamp(f.type) else f.type for f in found.schema]
    found = found.cast(pa.schema([field.with_type(kind) for field, kind in zip(found.schema, instants, strict=True)]))
    if name == "files":
        for bounds in _BOUNDS:
            texts = [_texts(table.schema(), values) for values in found[bounds].to_pylist()]
            kind = pa.map_(pa.int32(), pa.string())
            found = found.set_column(found.schema.get_field_index(bounds), bounds, pa.array(texts, kind))
    return found


def _texts(schema: Schema, bounds: list[tuple[int, bytes]] | None) -> list[tuple[int, str]] | None:
    """Bounds as Trino writes them: map(integer, varchar); of columns that the table no longer has there are none."""
    if bounds is None:
        return None
    texts = []
    for field, value in bounds:
        kind = schema.find_type(field) if field in schema._lazy_id_to_field else None
        if isinstance(kind, PrimitiveType):
            text: Any = IdentityTransform[Any]().to_human_string(kind, from_bytes(kind, value))
            texts.append((field, str(text)))
    return texts
