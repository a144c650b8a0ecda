"""What one build of the pipeline leaves for the next one."""

import datetime as dt
import os
import pathlib
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import typer

from infra.cli.dbt_docs import fetch_documentation
from tests.conftest import Account
from tests.dbt_project import copy_project
from transforms.dbt import runner

pytestmark = pytest.mark.account


def test_a_build_of_the_same_project_takes_what_was_parsed_before(
    account: Account, unique: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account.process
    bucket = f"parsed-{unique}"
    boto3.client("s3").create_bucket(Bucket=bucket)

    monkeypatch.chdir(copy_project(tmp_path_factory.mktemp("first")))
    runner.fetch_parsed({"GOLD_BUCKET": bucket})
    assert not runner.PARSED.exists()
    runner.keep_parsed({"GOLD_BUCKET": bucket})  # dbt need not leave any
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=bucket)
    runner.TARGET.mkdir()
    runner.PARSED.write_bytes(b"what dbt parsed")
    runner.keep_parsed({"GOLD_BUCKET": bucket})

    project = copy_project(tmp_path_factory.mktemp("second"))
    monkeypatch.chdir(project)
    runner.fetch_parsed({"GOLD_BUCKET": bucket})
    assert runner.PARSED.read_bytes() == b"what dbt parsed"

    runner.PARSED.unlink()
    model = project / "models" / "marts" / "fct_tasks.sql"
    model.write_text(model.read_text() + "\n-- changed")
    runner.fetch_parsed({"GOLD_BUCKET": bucket})
    assert not runner.PARSED.exists()


def test_what_a_build_leaves_out_depends_on_those_before(
    account: Account, unique: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account.process
    # seconds, which whoever collects tests need not spend
    import dbt.cli.main
    from dbt.contracts.graph.manifest import Manifest

    bucket, schema = f"tested-{unique}", f"gold_{unique}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": schema})
    view: Any = {"Name": "fct_tasks", "TableType": "VIRTUAL_VIEW"}
    glue.create_table(DatabaseName=schema, TableInput=view)
    project = copy_project(tmp_path_factory.mktemp("tested"))
    monkeypatch.chdir(project)
    fails, steps = False, list[str]()
    manifest: Any = Manifest()
    manifest.nodes["view"] = SimpleNamespace(alias="fct_tasks", config=SimpleNamespace(materialized="view"))

    class Dbt:
        """dbt whose builds end as the test says."""

        def __init__(self, manifest: Manifest | None = None) -> None:
            self.manifest = manifest

        def invoke(self, words: list[str]) -> SimpleNamespace:
            without = " but views" if runner.VIEWS_OF_SILVER in words else ""
            steps.append(words[0] + ("" if runner.CHANGED_SINCE not in os.environ else " what changed") + without)
            return SimpleNamespace(success=not (fails and words[0] == "build"), result=manifest)

    def build() -> tuple[int, list[str]]:
        steps.clear()
        return runner.main({"GOLD_BUCKET": bucket, "GOLD_SCHEMA": schema}), [
            step for step in steps if step.split()[0] not in ("parse", "source")
        ]

    monkeypatch.setenv(runner.CHANGED_SINCE, "")
    monkeypatch.setattr(dbt.cli.main, "dbtRunner", Dbt)
    assert build() == (0, ["build", "docs"])
    assert build() == (0, ["build what changed but views"])
    fails = True
    assert build() == (1, ["build what changed but views"])
    assert build() == (1, ["build"])
    fails = False
    assert build() == (0, ["build", "docs"])
    assert build() == (0, ["build what changed but views"])

    glue.delete_table(DatabaseName=schema, Name="fct_tasks")
    assert build() == (0, ["build what changed"])
    glue.create_table(DatabaseName=schema, TableInput=view)
    assert build() == (0, ["build what changed but views"])

    (project / "models" / "marts" / "fct_tasks.sql").write_text("select 2 as another_project")
    assert build() == (0, ["build", "docs"])
    assert build() == (0, ["build what changed but views"])

    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    boto3.client("s3").put_object(Bucket=bucket, Key=runner.TESTED, Body=str(yesterday).encode())
    assert build() == (0, ["build", "docs", "run-operation"])
    assert build() == (0, ["build what changed but views"])


def test_the_newest_documentation_is_where_the_command_finds_it(
    account: Account, unique: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account.process
    bucket = f"documented-{unique}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    monkeypatch.chdir(tmp_path)
    runner.publish_documentation({"GOLD_BUCKET": bucket})  # a later build of a day writes none
    with pytest.raises(typer.Exit):
        fetch_documentation(bucket, tmp_path / "page")
    runner.TARGET.mkdir()
    for content in ("<p>yesterday</p>", "<p>today</p>"):
        runner.DOCUMENTATION.write_text(content)
        runner.publish_documentation({"GOLD_BUCKET": bucket})
    assert fetch_documentation(bucket, tmp_path / "page").read_text() == "<p>today</p>"
