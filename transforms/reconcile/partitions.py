"""Rows spread over temporary files by key, so that tables larger than memory can be compared part by part."""

import pathlib
import pickle
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from transforms.reconcile.compare import Row

# rows are written in batches: pickling one by one repeats the names of the columns
BATCH = 200


class Partitions:
    """Partitions of the rows of several tables; a context, because the files go at its end.

    Args:
        count: of partitions; memory holds the rows of one.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._folder = tempfile.TemporaryDirectory(prefix="reconcile-")
        self._batches: dict[tuple[str, str, int], list[tuple[str, Row]]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def add(self, table: str, side: str, key: str, row: Row) -> None:
        """Add a row to the partition of its key.

        Args:
            table: that the row is of.
            side: of the comparison.
            key: identifies the row; the same on both sides.
            row: anything that can be pickled.
        """
        place = (table, side, zlib.crc32(key.encode()) % self._count)
        batch = self._batches[place]
        batch.append((key, row))
        if len(batch) >= BATCH:
            self._write(place)

    def read(self, table: str, *sides: str) -> Iterator[tuple[list[tuple[str, Row]], ...]]:
        """Keys and rows of each side, partition by partition."""
        for number in range(self._count):
            yield tuple(list(self._rows((table, side, number))) for side in sides)

    def _rows(self, place: tuple[str, str, int]) -> Iterator[tuple[str, Row]]:
        self._write(place)
        path = self._path(place)
        if not path.exists():
            return
        with path.open("rb") as file:
            while True:
                try:
                    yield from pickle.load(file)  # noqa: S301 - written by this process
                except EOFError:
                    return

    def _write(self, place: tuple[str, str, int]) -> None:
        if batch := self._batches.pop(place, []):
            with self._path(place).open("ab") as file:
                pickle.dump(batch, file, protocol=pickle.HIGHEST_PROTOCOL)

    def _path(self, place: tuple[str, str, int]) -> pathlib.Path:
        return pathlib.Path(self._folder.name) / "-".join(map(str, place))
