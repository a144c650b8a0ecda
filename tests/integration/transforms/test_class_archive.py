"""The archive of classes that Spark jobs of the local account start from."""

import os
import pathlib
import subprocess
import sys

import pytest

from infra.toolchain import class_archive
from infra.toolchain import spark as toolchain
from infra.toolchain.java import MissingJavaError
from tests.conftest import Account, until

pytestmark = [pytest.mark.account, pytest.mark.slow]

SESSION = "from pyspark.sql import SparkSession; print(SparkSession.builder.getOrCreate().range(3).count())"


def test_a_session_takes_its_classes_from_the_archive(account: Account, tmp_path: pathlib.Path) -> None:
    """The account's start has had it made."""
    folder = account.settings.toolchain / "spark"
    options = until("the archive", lambda: class_archive.find_options(folder), seconds=600)
    loaded = tmp_path / "classes.log"
    given = [*options, f"-Xlog:class+load:file={loaded}"]
    variables = toolchain.environment(account.settings.toolchain, tmp_path, {}, given)
    done = subprocess.run(
        [sys.executable, "-c", SESSION], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr
    lines = loaded.read_text().splitlines()
    shared = [line for line in lines if "source: shared objects file" in line]
    # forms of lambdas, and what comes from signed jars, are made anew
    assert len(shared) > 0.5 * len(lines), f"{len(shared)} of {len(lines)}"
    assert any("org.apache.spark.sql.SparkSession " in line for line in shared)


def test_an_archive_of_other_jars_is_not_taken(tmp_path: pathlib.Path) -> None:
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "some.jar").write_bytes(b"")
    assert class_archive.find_options(tmp_path) == []


def test_without_java_the_account_starts_nevertheless(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> pathlib.Path:
        raise MissingJavaError("there is none")

    monkeypatch.setattr(class_archive, "java_home", missing)
    class_archive.make_in_background(tmp_path)
    with pytest.raises(MissingJavaError):
        class_archive.find_options(tmp_path / "spark")
