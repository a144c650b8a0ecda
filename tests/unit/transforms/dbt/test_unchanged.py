"""What tells a build that it would find everything as the last one left it."""

import datetime as dt
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from transforms.dbt.unchanged import fingerprint

DAY = dt.date(2026, 3, 1)


class Glue:
    """A catalog of two databases, as far as `GetTables` shows it."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {
            "silver": [{"Name": "tasks", "Parameters": {"metadata_location": "s3://b/1.json"}, "VersionId": "1"}],
            "gold": [{"Name": "kpis", "Parameters": {}, "VersionId": "1"}],
        }

    def get_paginator(self, operation: str) -> "Glue":
        assert operation == "get_tables"
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        yield {"TableList": self.tables[request["DatabaseName"]]}


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "kpis.sql").write_text("select 1")
    return tmp_path


def state(glue: Glue, project: pathlib.Path, day: dt.date = DAY) -> str:
    return fingerprint(glue, "silver", "gold", project, day)


def test_the_same_state_has_the_same_fingerprint_whatever_dbt_leaves_behind(project: pathlib.Path) -> None:
    before = state(Glue(), project)
    (project / "target").mkdir()
    (project / "target" / "kpis.sql").write_text("select 2")
    assert state(Glue(), project) == before


def test_a_commit_to_silver_is_a_change(project: pathlib.Path) -> None:
    glue = Glue()
    before = state(glue, project)
    glue.tables["silver"][0]["Parameters"]["metadata_location"] = "s3://b/2.json"
    assert state(glue, project) != before


def test_a_table_of_gold_that_was_dropped_or_rebuilt_is_a_change(project: pathlib.Path) -> None:
    glue = Glue()
    before = state(glue, project)
    glue.tables["gold"][0]["VersionId"] = "2"
    rebuilt = state(glue, project)
    glue.tables["gold"].clear()
    assert len({before, rebuilt, state(glue, project)}) == 3


def test_an_edited_or_added_file_is_a_change(project: pathlib.Path) -> None:
    before = state(Glue(), project)
    (project / "models" / "kpis.sql").write_text("select 2")
    edited = state(Glue(), project)
    (project / "models" / "more.yml").write_text("version: 2")
    assert len({before, edited, state(Glue(), project)}) == 3


def test_a_new_day_is_a_change(project: pathlib.Path) -> None:
    assert state(Glue(), project) != state(Glue(), project, DAY + dt.timedelta(days=1))
