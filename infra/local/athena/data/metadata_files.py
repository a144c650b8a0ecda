"""Iceberg's files over HTTP: metadata files are read once by each engine, small data files in one request.

A statement opens the metadata, the manifest list and the manifests of each table that it mentions, and a build mentions
the same tables in statement after statement. No engine of Iceberg changes a file once it is written
(https://iceberg.apache.org/spec/#overview), so a copy is the file. Copies are a caller's own: they do not give anybody
the right to read what somebody else has read. Data files are not copied: whether one is still there has to show.
What a query scans is counted by the table's metadata, however a file is fetched.
"""

import collections
import threading

import pyarrow as pa
from pyiceberg.io import InputStream
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

CACHE_BYTES = 64 << 20
"""What the copies of one engine may hold."""

SMALL_FILE_BYTES = 1 << 20
"""Up to this size a whole data file takes less time than its footer and chunks in a request each."""

_SUFFIXES = (".avro", ".metadata.json")


class Copies:
    """File contents, those used last; their sum stays below a bound.

    Args:
        limit: in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._held: collections.OrderedDict[tuple[str, str], bytes] = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> bytes | None:
        """The content of a caller's file, or None."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: tuple[str, str], content: bytes) -> None:
        """Keep the content of a caller's file, and drop what was used longest ago."""
        with self._lock:
            self._size += len(content) - len(self._held.pop(key, b""))
            self._held[key] = content
            while self._size > self._limit:
                self._size -= len(self._held.popitem(last=False)[1])


_copies = Copies(CACHE_BYTES)


class CopiedFile(PyArrowFile):
    """A metadata file, read once.

    Args:
        file: the file itself.
        caller: access key of the caller.
    """

    def __init__(self, file: PyArrowFile, caller: str) -> None:
        super().__init__(file.location, file._path, file._filesystem, file._buffer_size)
        self._key = (caller, file.location)

    def open(self, seekable: bool = True) -> InputStream:
        """The whole content, from the copy when there is one."""
        content = _copies.get(self._key)
        if content is None:
            with super().open(seekable) as stream:
                content = stream.read()
            _copies.put(self._key, content)
        reader: InputStream = pa.BufferReader(content)
        return reader


class DataFile(PyArrowFile):
    """A data file or a delete file.

    Args:
        file: the file itself.
    """

    def __init__(self, file: PyArrowFile) -> None:
        super().__init__(file.location, file._path, file._filesystem, file._buffer_size)

    def open(self, seekable: bool = True) -> InputStream:
        """The file; a small one is read here and now."""
        stream: pa.NativeFile = super().open(seekable)
        if seekable and stream.size() <= SMALL_FILE_BYTES:
            with stream:
                stream = pa.BufferReader(stream.read())
        opened: InputStream = stream
        return opened


class MetadataFileIO(PyArrowFileIO):
    """pyiceberg's access to files, with copies of metadata files."""

    def new_input(self, location: str) -> PyArrowFile:
        """The file; a metadata file is read once."""
        file = super().new_input(location)
        if location.endswith(".parquet"):
            return DataFile(file)
        if location.endswith(_SUFFIXES):
            return CopiedFile(file, self.properties.get("s3.access-key-id", ""))
        return file
