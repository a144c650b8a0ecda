"""Lock files: one set of versions everywhere, hashes, no addresses."""

import json
import pathlib
import re
import subprocess

import pytest

from infra import ROOT, locks
from infra.locks import LOCKS, Lock

PATHS = [lock.path for lock in LOCKS]
NPM = [
    "infra/package-lock.json",
    "infra/site/mermaid/package-lock.json",
    "infra/toolchain/browser/package-lock.json",
    "tests/clients/package-lock.json",
]


def pins(path: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / path).read_text(), re.M))


def test_the_repository_has_no_lock_that_nobody_checks() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()  # noqa: S607
    found = {path for path in tracked if path.endswith((".lock", "lock.json"))}
    assert found <= {*PATHS, *NPM}


@pytest.mark.parametrize("path", [*PATHS, *NPM])
def test_a_lock_names_no_registry(path: str) -> None:
    text = (ROOT / path).read_text()
    assert "://" not in text
    assert "resolved" not in text
    assert "index-url" not in text


@pytest.mark.parametrize("path", PATHS)
def test_every_pin_has_hashes(path: str) -> None:
    text = (ROOT / path).read_text()
    assert len(pins(path)) >= 3
    # platforms may need different versions of one package: count lines, not names
    pinned = re.findall(r"^[a-z0-9-]+==", text, re.M)
    assert len(re.findall(r"^[a-z0-9-]+==[^\n]* \\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)) == len(pinned)


@pytest.mark.parametrize("path", [lock.path for lock in LOCKS if lock.extras])
def test_what_ships_is_what_is_tested(path: str) -> None:
    tested = pins("requirements.lock")
    assert {name: version for name, version in pins(path).items() if tested.get(name) != version} == {}


def test_functions_do_not_bring_what_the_runtime_has() -> None:
    assert {"boto3", "botocore"}.isdisjoint(pins("api/requirements.lock") | pins("ingestion/requirements.lock"))


def test_a_lock_is_what_its_command_writes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.setattr(locks, "ROOT", tmp_path)

    locks.regenerate((Lock("ingestion/requirements.lock", ("ingestion",), left_out=("boto3", "botocore")),))

    written = (tmp_path / "ingestion/requirements.lock").read_text()
    assert written == (ROOT / "ingestion/requirements.lock").read_text()


def test_the_command_line_is_pinned_with_an_integrity_hash() -> None:
    package = json.loads((ROOT / "infra" / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]
    expected = json.loads((ROOT / "infra" / "package.json").read_text())["devDependencies"]["aws-cdk"]
    assert package["version"] == expected
    assert package["integrity"].startswith("sha512-")
