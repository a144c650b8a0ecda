"""One Iceberg commit that deletes rows by position and adds data files, as Athena's UPDATE, DELETE and MERGE make it.

Athena writes merge-on-read position delete files: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
pyiceberg reads them and does not write them. Their form: https://iceberg.apache.org/spec/#position-delete-files
"""

import uuid
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import _dataframe_to_data_files, _read_deletes
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
)
from pyiceberg.table import FileScanTask, Transaction
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT

PATH_FIELD, POSITION_FIELD = 2147483546, 2147483545
Positions = npt.NDArray[np.int64]

_DELETE_SCHEMA = pa.schema(
    [
        pa.field("file_path", pa.string(), False, {"PARQUET:field_id": str(PATH_FIELD)}),
        pa.field("pos", pa.int64(), False, {"PARQUET:field_id": str(POSITION_FIELD)}),
    ]
)


def live_positions(io: FileIO, task: FileScanTask) -> Positions:
    """The row numbers of a data file that no delete file of the scan deletes."""
    live = np.ones(task.file.record_count, dtype=bool)
    for delete_file in task.delete_files:
        if (deleted := _read_deletes(io, delete_file).get(task.file.file_path)) is not None:
            live[deleted.to_numpy()] = False
    return np.flatnonzero(live).astype(np.int64)


def commit(
    table: IcebergTable, deleted: Mapping[str, Positions], tasks: Sequence[FileScanTask], added: pa.Table
) -> None:
    """Delete rows and add rows in one snapshot.

    Args:
        table: as it was loaded before the rows were read.
        deleted: data file's path -> row numbers in it, ascending.
        tasks: the scan's data files, among them all that `deleted` names.
        added: rows in the table's schema.

    Raises:
        pyiceberg.exceptions.CommitFailedException: another commit came in since the table was loaded.
    """
    with table.transaction() as transaction:
        delta = _RowDelta(transaction, table.io)
        for task in tasks:
            positions = deleted.get(task.file.file_path)
            if positions is None or not len(positions):
                continue
            if len(positions) == len(live_positions(table.io, task)):
                delta.delete_data_file(task.file)
            else:
                delta.delete_rows(task.file, positions)
        if added.num_rows:
            for file in _dataframe_to_data_files(table.metadata, added, table.io):
                delta.append_data_file(file)
        delta.commit()


class _DeleteManifestWriter(ManifestWriterV2):
    """A manifest of delete files."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class _RowDelta(_OverwriteFiles):
    """An overwrite that may also delete single rows."""

    def __init__(self, transaction: Transaction, io: FileIO) -> None:
        super().__init__(Operation.OVERWRITE, transaction, io)
        self._delete_files: list[DataFile] = []

    def delete_rows(self, data_file: DataFile, positions: Positions) -> None:
        """Write a position delete file for rows of one data file."""
        path = f"{data_file.file_path.rpartition('/')[0]}/{uuid.uuid4()}-deletes.parquet"
        rows = pa.table([pa.repeat(data_file.file_path, len(positions)), pa.array(positions)], schema=_DELETE_SCHEMA)
        output = self._io.new_output(path)
        with output.create() as stream:
            pq.write_table(rows, stream, compression="zstd")
        bound = {PATH_FIELD: data_file.file_path.encode()}
        file = DataFile.from_args(
            content=DataFileContent.POSITION_DELETES,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=data_file.partition,
            record_count=len(positions),
            file_size_in_bytes=len(output),
            column_sizes={},
            value_counts={},
            null_value_counts={},
            nan_value_counts={},
            lower_bounds=bound,
            upper_bounds=bound,
            key_metadata=None,
            split_offsets=None,
            equality_ids=None,
            sort_order_id=None,
        )
        file.spec_id = data_file.spec_id
        self._delete_files.append(file)

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        return [*super()._process_manifests(manifests), *self._delete_manifests()]

    def _delete_manifests(self) -> list[ManifestFile]:
        by_spec: dict[int, list[DataFile]] = {}
        for file in self._delete_files:
            by_spec.setdefault(file.spec_id, []).append(file)
        manifests = []
        for spec, files in by_spec.items():
            output = self.new_manifest_output()
            with _DeleteManifestWriter(
                self.spec(spec), self.schema(), output, self._snapshot_id, self._compression
            ) as writer:
                for file in files:
                    writer.add(
                        ManifestEntry.from_args(
                            status=ManifestEntryStatus.ADDED,
                            snapshot_id=self._snapshot_id,
                            sequence_number=None,
                            file_sequence_number=None,
                            data_file=file,
                        )
                    )
            manifests.append(writer.to_manifest_file())
        return manifests

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        """Count the delete files too: the summary counts what `_added_data_files` holds."""
        data_files = self._added_data_files
        self._added_data_files = [*data_files, *self._delete_files]
        try:
            return super()._summary(snapshot_properties)
        finally:
            self._added_data_files = data_files

    def _refresh_for_retry(self) -> None:
        """Never retry the commit alone: the positions were read from the snapshot that another commit replaced."""
        raise CommitFailedException("the table was changed since its rows were read")
