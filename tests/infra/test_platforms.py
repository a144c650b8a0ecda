"""The lock installs on every platform and Python that README names, without a compiler: each pin has a wheel there."""

import pathlib
import re
import subprocess

import pytest
import uv

from infra import ROOT

PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin")
# the oldest and the newest: wheels come and go at the ends
PYTHONS = ("3.11", "3.13")
# plain Python without a wheel: it needs no compiler
SOURCE_ONLY = {"pyspark"}

pytestmark = pytest.mark.slow


def resolve(
    lock: pathlib.Path, platform: str, target: pathlib.Path, python: str = PYTHONS[0]
) -> "subprocess.CompletedProcess[str]":
    """What uv would install of a lock on a platform, from wheels alone."""
    words = ["pip", "sync", "--dry-run", "--only-binary", ":all:", "--python-version", python]
    return subprocess.run(
        [uv.find_uv_bin(), *words, "--python-platform", platform, "--target", str(target), str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def wheels_only(tmp_path: pathlib.Path) -> pathlib.Path:
    """The lock without the packages that have no wheel anywhere."""
    pins = re.split(r"(?m)^(?=[a-z0-9])", (ROOT / "requirements.lock").read_text())
    kept = [pin for pin in pins if pin.split("==")[0] not in SOURCE_ONLY]
    assert len(kept) == len(pins) - len(SOURCE_ONLY)
    lock = tmp_path / "requirements.lock"
    lock.write_text("".join(kept))
    return lock


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_pin_has_a_wheel(wheels_only: pathlib.Path, tmp_path: pathlib.Path, platform: str, python: str) -> None:
    done = resolve(wheels_only, platform, tmp_path / "target", python)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^ \+ ", done.stderr, re.MULTILINE)) > 150


def test_a_pin_without_a_wheel_is_named(tmp_path: pathlib.Path) -> None:
    done = resolve(ROOT / "requirements.lock", PLATFORMS[0], tmp_path / "target")
    assert done.returncode != 0
    assert "pyspark" in done.stderr
