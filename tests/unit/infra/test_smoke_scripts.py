"""The original's smoke tests under their names: variables become flags, settings of other stacks are refused."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from infra import ROOT

INSIGHTS = """#!/bin/sh
case "$1" in
    outputs) echo "$2-of-the-stacks" ;;
    *) echo "$@ $AWS_REGION $INSIGHTS_TARGET" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """The scripts, beside a program that prints what it is called with."""
    shutil.copytree(ROOT / "infra" / "scripts", tmp_path / "infra" / "scripts")
    program = tmp_path / ".venv" / "bin" / "insights"
    program.parent.mkdir(parents=True)
    program.write_text(INSIGHTS)
    program.chmod(0o755)
    return tmp_path


def run(checkout: pathlib.Path, name: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    script = checkout / "infra" / "scripts" / name
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": "", "INSIGHTS_TARGET": "", **variables}
    return subprocess.run([str(script), *words], env=environment, capture_output=True, text=True, check=False)


def test_the_etl_test_takes_the_originals_variables(checkout: pathlib.Path) -> None:
    done = run(checkout, "test-etl.sh", "--json", NUM_USERS="4", REGION="eu-west-1")
    assert done.stdout == "smoke etl --users 4 --tasks 5 --updates 3 --json eu-west-1 \n"


def test_a_file_beside_the_scripts_is_read_and_the_environment_wins(checkout: pathlib.Path) -> None:
    file = checkout / "infra" / "scripts" / ".env"
    file.write_text("# settings\nNUM_USERS=7\nTASKS_PER_USER=9\nAPI_ENDPOINT=ApiEndpoint-of-the-stacks\n")
    done = run(checkout, "test-etl.sh", NUM_USERS="2")
    assert done.stdout == "smoke etl --users 2 --tasks 9 --updates 3  aws\n"


def test_an_endpoint_of_something_else_is_refused(checkout: pathlib.Path) -> None:
    done = run(checkout, "test-api.sh", API_ENDPOINT="https://other.example.com")
    assert done.returncode == 2
    assert "but ApiEndpoint of the deployed stacks is ApiEndpoint-of-the-stacks" in done.stderr
    assert run(checkout, "test-api.sh", CLIENT_ID="UserPoolClientId-of-the-stacks").stdout == "smoke api  \n"


@pytest.mark.parametrize("name", ["test-api", "test-etl"])
def test_the_powershell_wrapper_runs_the_same_script_with_the_same_variables(name: str) -> None:
    """PowerShell is not part of the environment, so the wrapper is read: https://learn.microsoft.com/powershell."""
    folder = ROOT / "infra" / "scripts"
    wrapper = (folder / f"{name}.ps1").read_text()
    calls = re.findall(r"^ +((?:wsl )?sh \./\S+ @args)$", wrapper, re.MULTILINE)
    assert calls == [f"wsl sh ./{name}.sh @args", f"sh ./{name}.sh @args"]
    assert [wrapper.count(bracket) for bracket in "{("] == [wrapper.count(bracket) for bracket in "})"]
    assert re.search(r"^ +exit \$LASTEXITCODE$", wrapper, re.MULTILINE), "the test's exit code is the wrapper's"
    assert wrapper.index("Push-Location $PSScriptRoot") < wrapper.index("try {") < wrapper.index("Pop-Location")
    # what crosses into WSL is what the scripts read; without WSLENV a variable of Windows stays behind
    passed = set(re.findall(r'"([A-Z_]+)"', wrapper.partition("Push-Location")[0]))
    read = set(
        re.findall(r"\$\{([A-Z_]+):?-", (folder / f"{name}.sh").read_text() + (folder / "settings.sh").read_text())
    )
    assert read <= passed
    assert passed - read <= {"AWS_PROFILE", "INSIGHTS_AWS_ACCOUNT", "NUM_USERS", "TASKS_PER_USER", "UPDATES_PER_TASK"}
