"""What one build of the pipeline leaves for the next one."""

import boto3
import pytest

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
