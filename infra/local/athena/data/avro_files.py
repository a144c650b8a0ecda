"""Avro object container files as Arrow tables: https://avro.apache.org/docs/1.11.1/specification/

AvroSerDe writes each column as a union with null, dates and timestamps as their logical types
(https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html).
"""

import datetime as dt
import decimal
import io
import json
import os
import pathlib
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa

Schema = Any
"""A schema as JSON has it: a type's name, a union's list, or an object."""
_Read = Callable[[BinaryIO], Any]
_Write = Callable[[Any], bytes]

_MAGIC = b"Obj\x01"
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 – a timestamp of Hive has no zone
_DAY = dt.date(1970, 1, 1)
_PRIMITIVES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "bytes": pa.binary(),
    "double": pa.float64(),
    "enum": pa.string(),
    "fixed": pa.binary(),
    "float": pa.float32(),
    "int": pa.int32(),
    "long": pa.int64(),
    "null": pa.null(),
    "string": pa.string(),
}
_LOGICAL = {"date": pa.date32(), "timestamp-millis": pa.timestamp("us"), "timestamp-micros": pa.timestamp("us")}


def read(path: pathlib.Path) -> pa.Table:
    """All rows of a file, typed by its schema.

    Raises:
        ValueError: it is no Avro file, or compressed in a way that is not known here.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise ValueError(f"{path.name} is not an Avro data file")
        header = dict(_map_reader(_read_bytes)(file))
        marker = file.read(16)
        schema = json.loads(header["avro.schema"])
        expand = _expanding(header.get("avro.codec", b"null").decode())
        read_row, rows = _reader(schema, {}), list[Any]()
        while file.peek(1):
            count, block = _read_long(file), io.BytesIO(expand(_read_bytes(file)))
            rows += [read_row(block) for _ in range(count)]
            if file.read(16) != marker:
                raise ValueError(f"{path.name} ends in the middle of a block")
    fields = arrow_type(schema, {})
    return pa.Table.from_arrays(
        [pa.array([row[field.name] for row in rows], field.type) for field in fields], names=[f.name for f in fields]
    )


def write(data: pa.Table, path: pathlib.Path) -> None:
    """Write rows as one block, compressed by deflate."""
    fields = [{"name": f.name, "type": ["null", _schema(f.type, f.name)], "default": None} for f in data.schema]
    schema = {"type": "record", "name": "athena_row", "fields": fields}
    writers = [_writer(field.type) for field in data.schema]
    columns = [column.to_pylist() for column in data.columns]
    rows = b"".join(
        b"".join(write_value(value) for write_value, value in zip(writers, row, strict=True))
        for row in zip(*columns, strict=True)
    )
    header = {"avro.schema": json.dumps(schema).encode(), "avro.codec": b"deflate"}
    marker = os.urandom(16)
    path.write_bytes(
        _MAGIC
        + _block(b"".join(_text(name) + _bytes(value) for name, value in header.items()), len(header))
        + marker
        + _long(len(data))
        + _bytes(zlib.compress(rows, wbits=-15))
        + marker
    )


def _expanding(codec: str) -> Callable[[bytes], bytes]:
    match codec:
        case "null":
            return lambda data: data
        case "deflate":
            return lambda data: zlib.decompress(data, wbits=-15)
        case "zstandard":
            return lambda data: pa.input_stream(io.BytesIO(data), compression="zstd").read()
    raise ValueError(f"the compression {codec} of Avro files is not in the local account")


def arrow_type(schema: Schema, named: dict[str, pa.DataType]) -> pa.DataType:
    """The Arrow type of an Avro schema; `named` collects the types that it names."""
    if isinstance(schema, list):
        others = [one for one in schema if one != "null"]
        return arrow_type(others[0], named) if others else pa.null()
    if isinstance(schema, str):
        return named[schema] if schema in named else _PRIMITIVES[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    if logical in _LOGICAL:
        return _LOGICAL[logical]
    if logical == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    match kind:
        case "array":
            return pa.list_(arrow_type(schema["items"], named))
        case "map":
            return pa.map_(pa.string(), arrow_type(schema["values"], named))
        case "record":
            found = pa.struct([(field["name"], arrow_type(field["type"], named)) for field in schema["fields"]])
        case "enum" | "fixed":
            found = _PRIMITIVES[kind]
        case _:
            return arrow_type(kind, named)
    named[schema["name"]] = found
    return found


def _reader(schema: Schema, named: dict[str, _Read]) -> _Read:
    if isinstance(schema, list):
        branches = [_reader(one, named) for one in schema]
        return lambda file: branches[_read_long(file)](file)
    if isinstance(schema, str):
        return named[schema] if schema in named else _READERS[schema]
    kind, logical = schema["type"], schema.get("logicalType")
    match kind:
        case "array":
            return _array_reader(_reader(schema["items"], named))
        case "map":
            return _map_reader(_reader(schema["values"], named))
        case "record":
            return _record_reader(schema, named)
        case "enum":
            plain = named[schema["name"]] = _enum_reader(schema["symbols"])
        case "fixed":
            plain = named[schema["name"]] = _fixed_reader(schema["size"])
        case _:
            plain = _reader(kind, named)
    match logical:
        case "date":
            return lambda file: _DAY + dt.timedelta(plain(file))
        case "timestamp-millis":
            return lambda file: _EPOCH + dt.timedelta(milliseconds=plain(file))
        case "timestamp-micros":
            return lambda file: _EPOCH + dt.timedelta(microseconds=plain(file))
        case "decimal":
            scale = schema.get("scale", 0)
            return lambda file: decimal.Decimal(int.from_bytes(plain(file), "big", signed=True)).scaleb(-scale)
    return plain


def _record_reader(schema: Schema, named: dict[str, _Read]) -> _Read:
    fields: list[tuple[str, _Read]] = []

    def record(file: BinaryIO) -> dict[str, Any]:
        return {name: read_value(file) for name, read_value in fields}

    named[schema["name"]] = record
    fields += [(field["name"], _reader(field["type"], named)) for field in schema["fields"]]
    return record


def _enum_reader(symbols: list[str]) -> _Read:
    return lambda file: symbols[_read_long(file)]


def _fixed_reader(size: int) -> _Read:
    return lambda file: file.read(size)


def _array_reader(item: _Read) -> _Read:
    return lambda file: [item(file) for count in _blocks(file) for _ in range(count)]


def _map_reader(value: _Read) -> _Read:
    return lambda file: [(_read_text(file), value(file)) for count in _blocks(file) for _ in range(count)]


def _blocks(file: BinaryIO) -> Any:
    while count := _read_long(file):
        if count < 0:
            _read_long(file)  # the block's size in bytes
        yield abs(count)


def _read_long(file: BinaryIO) -> int:
    value, shift = 0, 0
    while True:
        byte = file.read(1)[0]
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value >> 1 ^ -(value & 1)
        shift += 7


def _read_bytes(file: BinaryIO) -> bytes:
    return file.read(_read_long(file))


def _read_text(file: BinaryIO) -> str:
    return _read_bytes(file).decode()


_READERS: dict[str, _Read] = {
    "boolean": lambda file: file.read(1) == b"\x01",
    "bytes": _read_bytes,
    "double": lambda file: struct.unpack("<d", file.read(8))[0],
    "float": lambda file: struct.unpack("<f", file.read(4))[0],
    "int": _read_long,
    "long": _read_long,
    "null": lambda _: None,
    "string": _read_text,
}


def _schema(kind: pa.DataType, name: str) -> Schema:
    """The Avro schema of an Arrow type; a record's name says where it is, so that no two have one name."""
    if pa.types.is_list(kind):
        return {"type": "array", "items": ["null", _schema(kind.value_type, f"{name}_item")]}
    if pa.types.is_map(kind):
        return {"type": "map", "values": ["null", _schema(kind.item_type, f"{name}_value")]}
    if pa.types.is_struct(kind):
        fields = [{"name": f.name, "type": ["null", _schema(f.type, f"{name}_{f.name}")]} for f in kind]
        return {"type": "record", "name": name, "fields": fields}
    if pa.types.is_decimal(kind):
        return {"type": "bytes", "logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}
    if pa.types.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    if pa.types.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if pa.types.is_integer(kind):
        return "long" if kind.bit_width == 64 else "int"
    if pa.types.is_floating(kind):
        return "double" if kind.bit_width == 64 else "float"
    return "boolean" if pa.types.is_boolean(kind) else "bytes" if pa.types.is_binary(kind) else "string"


def _writer(kind: pa.DataType) -> _Write:
    """What writes a value that may be null."""
    write_value = _plain_writer(kind)
    return lambda value: b"\x00" if value is None else b"\x02" + write_value(value)


def _plain_writer(kind: pa.DataType) -> _Write:
    if pa.types.is_list(kind):
        item = _writer(kind.value_type)
        return lambda values: _block(b"".join(map(item, values)), len(values))
    if pa.types.is_map(kind):
        content = _writer(kind.item_type)
        return lambda pairs: _block(b"".join(_text(str(key)) + content(value) for key, value in pairs), len(pairs))
    if pa.types.is_struct(kind):
        fields = [(field.name, _writer(field.type)) for field in kind]
        return lambda row: b"".join(write_field(row[name]) for name, write_field in fields)
    if pa.types.is_decimal(kind):
        return lambda value: _unscaled(int(value.scaleb(kind.scale)))
    if pa.types.is_date(kind):
        return lambda day: _long((day - _DAY).days)
    if pa.types.is_timestamp(kind):
        return lambda moment: _long((moment - _EPOCH) // dt.timedelta(milliseconds=1))
    if pa.types.is_integer(kind):
        return _long
    if pa.types.is_floating(kind):
        form = "<d" if kind.bit_width == 64 else "<f"
        return lambda value: struct.pack(form, value)
    if pa.types.is_boolean(kind):
        return lambda value: b"\x01" if value else b"\x00"
    return _bytes if pa.types.is_binary(kind) else lambda value: _text(str(value))


def _unscaled(value: int) -> bytes:
    return _bytes(value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _block(data: bytes, count: int) -> bytes:
    return (_long(count) + data if count else b"") + b"\x00"


def _text(text: str) -> bytes:
    return _bytes(text.encode())


def _bytes(data: bytes) -> bytes:
    return _long(len(data)) + data


def _long(value: int) -> bytes:
    value = value << 1 ^ value >> 63
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
