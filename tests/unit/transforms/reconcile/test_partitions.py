"""Rows come back from the partition of their key, both sides together, and the files are gone afterwards."""

import pathlib
import tempfile

from transforms.reconcile.partitions import Partitions


def test_both_sides_of_a_key_meet_in_one_partition() -> None:
    before = set(pathlib.Path(tempfile.gettempdir()).glob("reconcile-*"))
    with Partitions(7) as partitions:
        for n in range(5000):
            partitions.add("tasks", "table", f"t{n}", {"n": n})
        for n in range(2500, 6000):
            partitions.add("tasks", "silver", f"t{n}", {"n": -n})
        partitions.add("users", "table", "u1", {"n": 1})
        read = list(partitions.read("tasks", "table", "silver"))
    assert len(read) == 7
    held = {key: row for table, _ in read for key, row in table}
    assert held == {f"t{n}": {"n": n} for n in range(5000)}
    together = {key for table, silver in read for key in dict(table).keys() & dict(silver).keys()}
    assert together == {f"t{n}" for n in range(2500, 5000)}
    assert max(len(table) for table, _ in read) < 1000
    assert set(pathlib.Path(tempfile.gettempdir()).glob("reconcile-*")) <= before
