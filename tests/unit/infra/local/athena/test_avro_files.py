"""Avro data files: those of another implementation are read, and what is written comes back."""

import base64
import datetime as dt
import pathlib
from decimal import Decimal

import pyarrow as pa
import pytest

from infra.local.athena.data import avro_files

# written by fastavro 1.12 with an enum, a map, a fixed decimal and compression by deflate
FOREIGN = (
    "T2JqAQQUYXZyby5jb2RlYw5kZWZsYXRlFmF2cm8uc2NoZW1hvAV7InR5cGUiOiAicmVjb3JkIiwgIm5hbWUiOiAiciIsICJmaWVsZHMiOiBbey"
    "JuYW1lIjogIk4iLCAidHlwZSI6ICJpbnQifSwgeyJuYW1lIjogImUiLCAidHlwZSI6IHsidHlwZSI6ICJlbnVtIiwgIm5hbWUiOiAiZW4iLCAi"
    "c3ltYm9scyI6IFsiUCIsICJRIl19fSwgeyJuYW1lIjogIm0iLCAidHlwZSI6IFsibnVsbCIsIHsidHlwZSI6ICJtYXAiLCAidmFsdWVzIjogWy"
    "JudWxsIiwgImxvbmciXX1dfSwgeyJuYW1lIjogImQiLCAidHlwZSI6IHsidHlwZSI6ICJmaXhlZCIsICJuYW1lIjogImRkIiwgInNpemUiOiAz"
    "LCAibG9naWNhbFR5cGUiOiAiZGVjaW1hbCIsICJwcmVjaXNpb24iOiA1LCAic2NhbGUiOiAyfX1dfQAwMTIzNDU2Nzg5YWJjZGVmBCjjZQKCbA"
    "YgqL3BwsDw//9/ABbJBDAxMjM0NTY3ODlhYmNkZWY="
)


def test_a_file_of_another_implementation_is_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "foreign.avro"
    path.write_bytes(base64.b64decode(FOREIGN))
    assert avro_files.read(path).to_pylist() == [
        {"N": -7, "e": "Q", "m": [("k", None)], "d": Decimal("1.25")},
        {"N": 300, "e": "P", "m": None, "d": Decimal("-0.01")},
    ]


def test_every_type_comes_back_as_it_was_written(tmp_path: pathlib.Path) -> None:
    row = pa.struct([("x", pa.int64()), ("y", pa.struct([("z", pa.string())]))])
    written = pa.table(
        {
            "i": pa.array([1, None, -300], pa.int32()),
            "g": pa.array([2**62, None, -(2**63)], pa.int64()),
            "s": ["x", None, "é"],
            "d": pa.array([Decimal("1.50"), None, Decimal("-2.00")], pa.decimal128(5, 2)),
            "l": pa.array([[1, None], None, []], pa.list_(pa.int64())),
            "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
            "r": pa.array([{"x": 1, "y": {"z": "q"}}, None, {"x": None, "y": None}], row),
            "day": [dt.date(2020, 1, 1), None, dt.date(1960, 1, 1)],
            "at": [dt.datetime.fromisoformat("2020-01-01T01:02:03.123"), None, dt.datetime.fromisoformat("1969-12-31")],
            "b": [True, None, False],
            "f": [1.5, None, float("inf")],
            "f4": pa.array([1.5, None, 2], pa.float32()),
            "bytes": [b"\x00\xff", None, b""],
        }
    )
    avro_files.write(written, tmp_path / "own.avro")
    assert avro_files.read(tmp_path / "own.avro").to_pylist() == written.to_pylist()


def test_what_is_no_avro_file_is_said_so(tmp_path: pathlib.Path) -> None:
    (tmp_path / "text").write_text("a,b\n")
    with pytest.raises(ValueError, match="text is not an Avro data file"):
        avro_files.read(tmp_path / "text")
