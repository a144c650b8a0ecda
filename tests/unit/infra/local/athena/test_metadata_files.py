"""Small data files come in one request, others piece by piece."""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.local.athena.data import metadata_files


def test_a_small_data_file_is_read_at_once(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3]}), path)
    file = metadata_files.MetadataFileIO({}).new_input(f"file://{path}")
    with file.open() as small:
        assert isinstance(small, pa.BufferReader)
        assert pq.read_table(small).num_rows == 3
    monkeypatch.setattr(metadata_files, "SMALL_FILE_BYTES", 10)
    with file.open() as large:
        assert not isinstance(large, pa.BufferReader)
        assert pq.read_table(large).num_rows == 3
