"""`make setup` on machines that lack something: it says what, and a later run begins anew."""

import pathlib
import shutil
import subprocess
import sys

import pytest

from infra import ROOT


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """As much of the repository as set-up reads before it installs anything."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements.lock").write_text("uv==0\n")
    return tmp_path


def interpreter(folder: pathlib.Path, body: str) -> pathlib.Path:
    """A program that behaves as an unusual Python."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def set_up(checkout: pathlib.Path, python: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run `make setup` with an interpreter."""
    command = ["make", "setup", f"PYTHON={python}"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_a_python_without_venv_is_explained_and_leaves_nothing_behind(checkout: pathlib.Path) -> None:
    # as on Debian without python3-venv: the folder is begun, then ensurepip is missing
    broken = f'[ "$1 $2" = "-m venv" ] && mkdir -p .venv/bin && exit 1\nexec {sys.executable} "$@"'

    done = set_up(checkout, interpreter(checkout, broken))

    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_refused_by_its_version(checkout: pathlib.Path) -> None:
    old = '[ "$1" = "--version" ] && echo "Python 3.9.2" && exit 0\nexit 1'

    done = set_up(checkout, interpreter(checkout, old))

    assert done.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert "found: Python 3.9.2" in done.stderr


def test_a_broken_environment_is_made_anew(checkout: pathlib.Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    made = checkout / "made"
    records = f'[ "$1 $2" = "-m venv" ] && touch {made} && exit 1\nexec {sys.executable} "$@"'

    set_up(checkout, interpreter(checkout, records))

    assert made.exists()


def test_a_second_set_up_with_the_same_lock_looks_nothing_up(checkout: pathlib.Path) -> None:
    bin_folder, calls = checkout / ".venv" / "bin", checkout / "calls"
    bin_folder.mkdir(parents=True)
    skips_pip = f'[ "$1 $2" = "-m pip" ] && echo "pip $3" >> {calls} && exit 0\nexec {sys.executable} "$@"'
    interpreter(bin_folder, skips_pip)
    (bin_folder / "uv").write_text(f'#!/bin/sh\necho "uv $1 $2" >> {calls}\n')
    (bin_folder / "uv").chmod(0o755)

    for _ in range(2):  # as after a change of pyproject.toml, or a checkout that touches the lock
        (checkout / ".venv" / "installed").unlink(missing_ok=True)
        assert set_up(checkout, pathlib.Path(sys.executable)).returncode == 0

    installs = [call for call in calls.read_text().splitlines() if call != "pip --version"]
    assert installs == ["pip install", "uv pip sync", "uv pip install", "uv pip install"]
    (checkout / "requirements.lock").write_text("uv==1\n")
    assert set_up(checkout, pathlib.Path(sys.executable)).returncode == 0
    assert calls.read_text().count("uv pip sync") == 2


def test_slow_checks_say_what_they_are() -> None:
    command = ["make", "--dry-run", "lint", "SETUP="]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for tool in ("mypy", "sqlfluff"):
        assert f'echo "{tool}' in shown
