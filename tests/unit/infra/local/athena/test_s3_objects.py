"""The cache of S3 objects stays below its bound and serves nobody what they may not read."""

import concurrent.futures
import os
import pathlib
import time
from typing import Any

import botocore.exceptions
import pytest

from infra.local.athena.data import s3_objects
from infra.local.athena.data.s3_objects import DataFile, Objects

FILE = DataFile("b", "folder/data.gz", "etag", 4)


class Body:
    def read(self) -> bytes:
        return b"data"


class Storage:
    """An S3 client that knows GetObject: whoever may not read gets 403, whoever has it already 304."""

    def __init__(self, allowed: bool = True) -> None:
        self.allowed, self.calls = allowed, 0

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        status = 403 if not self.allowed else 304 if request.get("IfNoneMatch") == "etag" else 200
        if status != 200:
            answer: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise botocore.exceptions.ClientError(answer, "GetObject")
        return {"Body": Body()}


def reader(storage: Any, cache: pathlib.Path, privileged: bool = False) -> Objects:
    return Objects(storage, cache, privileged)


def test_an_object_is_fetched_once_by_whoever_may_read_everything(tmp_path: pathlib.Path) -> None:
    storage = Storage()
    owner = reader(storage, tmp_path, privileged=True)
    [path] = owner.fetch([FILE])
    assert path.read_bytes() == b"data"
    assert path.name.endswith("data.gz")
    assert owner.fetch([FILE]) == [path]
    assert storage.calls == 1


def test_a_copy_is_no_way_around_permissions(tmp_path: pathlib.Path) -> None:
    [path] = reader(Storage(), tmp_path, privileged=True).fetch([FILE])
    assert reader(Storage(), tmp_path).fetch([FILE]) == [path]
    with pytest.raises(botocore.exceptions.ClientError, match="403"):
        reader(Storage(allowed=False), tmp_path).fetch([FILE])


def test_the_oldest_copies_make_room(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "CACHE_BYTES", 10)
    for name, hours in (("old", 2), ("older", 3), ("young", 0)):
        (tmp_path / name).write_bytes(b"1234")
        used = time.time() - hours * 3600
        os.utime(tmp_path / name, (used, used))
    reader(Storage(), tmp_path).fetch([FILE])
    assert sorted(path.name for path in tmp_path.iterdir() if "data" not in path.name) == ["young"]


def test_queries_that_fetch_and_evict_at_once_do_not_get_into_each_others_way(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "CACHE_BYTES", 40)
    monkeypatch.setattr(s3_objects, "CACHE_GRACE_SECONDS", 0.0)
    owner = reader(Storage(), tmp_path / "cache", privileged=True)

    def query(number: int) -> int:
        return len(owner.fetch([DataFile("b", f"{number}/{part}.gz", "etag", 4) for part in range(8)]))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(query, range(100))) == [8] * 100
    assert list((tmp_path / "cache-arriving").iterdir()) == []
