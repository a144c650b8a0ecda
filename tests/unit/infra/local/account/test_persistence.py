"""A save is whole, or the old one stays."""

import json
import pathlib

from infra.local.account import persistence


def payloads(folder: pathlib.Path) -> dict[str, object]:
    files = [path for path in folder.glob("*.json") if path.name != persistence.SAVED]
    return {path.stem: json.loads(path.read_text())["payload"] for path in files}


def test_a_service_without_state_keeps_the_old_one(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "state"
    persistence.save(folder, {"a": lambda: {"n": 1}, "b": lambda: {"n": 1}})
    persistence.save(folder, {"a": lambda: {"n": 2}, "b": lambda: None})
    assert payloads(folder) == {"a": {"n": 2}, "b": {"n": 1}}
    assert persistence.saved_at(folder) > 0


def test_a_save_that_fails_changes_nothing(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "state"
    persistence.save(folder, {"a": lambda: {"n": 1}, "b": lambda: {"n": 1}})
    before = persistence.saved_at(folder)
    persistence.save(folder, {"a": lambda: {"n": 2}, "b": lambda: {"n": object()}})
    assert payloads(folder) == {"a": {"n": 1}, "b": {"n": 1}}
    assert persistence.saved_at(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]


def test_a_move_that_was_interrupted_is_finished_at_the_next_start(tmp_path: pathlib.Path) -> None:
    folder, staging = tmp_path / "state", tmp_path / "state-new"
    persistence.save(folder, {"a": lambda: 1, "b": lambda: 1})
    persistence.save(staging, {"a": lambda: 2, "b": lambda: 2})
    (staging / "a.json").replace(folder / "a.json")
    persistence.recover(folder)
    assert payloads(folder) == {"a": 2, "b": 2}


def test_an_incomplete_save_is_dropped_at_the_next_start(tmp_path: pathlib.Path) -> None:
    folder, staging = tmp_path / "state", tmp_path / "state-new"
    persistence.save(folder, {"a": lambda: 1})
    staging.mkdir()
    (staging / "a.json").write_text("{")
    persistence.recover(folder)
    assert payloads(folder) == {"a": 1}
    assert not staging.exists()


def test_only_what_has_changed_is_written(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "state"
    persistence.save(folder, {"a": lambda: {"n": 1}, "b": lambda: {"n": 1}})
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    persistence.save(folder, {"a": lambda: {"n": 1}, "b": lambda: {"n": 2}})
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert payloads(folder) == {"a": {"n": 1}, "b": {"n": 2}}
    assert {name for name in before if before[name] == after[name]} == {"a.json"}


def test_a_move_that_was_interrupted_is_finished_by_the_next_save(tmp_path: pathlib.Path) -> None:
    folder, staging = tmp_path / "state", tmp_path / "state-new"
    persistence.save(folder, {"a": lambda: 1, "b": lambda: 1})
    persistence.save(staging, {"a": lambda: 2, "b": lambda: 2})
    (staging / "a.json").replace(folder / "a.json")
    persistence.save(folder, {"a": lambda: None, "b": lambda: object()})
    assert payloads(folder) == {"a": 2, "b": 2}
