"""Each check of this machine passes when all is well, and otherwise says what to do."""

import collections
import pathlib
import shutil
import socket
import tomllib

import pytest

from infra import ROOT
from infra.local.account import lifecycle
from infra.local.account.settings import Settings
from infra.preflight import Level, machine
from infra.toolchain import java, node
from tests.conftest import free_port


def test_this_machine_has_the_tools() -> None:
    assert Level.FAIL not in {finding.level for finding in machine.check_tools()}


@pytest.mark.parametrize(
    ("system", "release", "level", "found"),
    [
        (("Linux", "x86_64"), "6.1", Level.OK, "Linux x86_64"),
        (("Linux", "x86_64"), "5.15.0-microsoft-standard-WSL2", Level.OK, "Linux x86_64 (WSL)"),
        (("Darwin", "arm64"), "24.0", Level.OK, "Darwin arm64"),
        (("Darwin", "x86_64"), "24.0", Level.UNKNOWN, "Darwin x86_64"),
    ],
)
def test_a_system_without_wheels_is_named(system: tuple[str, str], release: str, level: Level, found: str) -> None:
    finding = machine.check_system(*system, release)
    assert (finding.level, finding.found, bool(finding.fix)) == (level, found, level is not Level.OK)


def test_an_environment_of_another_lock_fails(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements.lock").write_text("uv==2")
    assert machine.check_environment(tmp_path).level is Level.UNKNOWN
    (tmp_path / ".venv" / "requirements.lock").write_text("uv==1")
    assert machine.check_environment(tmp_path).fix == "`make setup`"
    (tmp_path / ".venv" / "requirements.lock").write_text("uv==2")
    assert machine.check_environment(tmp_path).level is Level.OK


def test_it_says_whether_a_run_needs_the_network(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "is_installed", lambda: True)
    assert machine.check_downloads(tmp_path).found.startswith("not yet")
    (tmp_path / "spark" / "jars").mkdir(parents=True)
    assert "needs no network" in machine.check_downloads(tmp_path).found


def test_the_versions_of_python_are_those_of_the_project() -> None:
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (major, oldest), (_, newest) = machine.OLDEST_PYTHON, machine.NEWEST_PYTHON
    assert required == f">={major}.{oldest},<{major}.{newest + 1}"


@pytest.mark.parametrize(("version", "level"), [((3, 10), Level.FAIL), ((3, 13), Level.OK), ((3, 14), Level.FAIL)])
def test_other_versions_of_python_fail(version: tuple[int, int], level: Level) -> None:
    finding = machine.check_python(version)
    assert finding.level is level
    assert bool(finding.fix) == (level is Level.FAIL)


def test_missing_tools_fail_with_their_own_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_java() -> pathlib.Path:
        raise java.MissingJavaError("Install a JDK 17")

    def no_node() -> node.Node:
        raise node.ToolMissingError("no Node")

    monkeypatch.setattr(java, "java_home", no_java)
    monkeypatch.setattr(node, "find", no_node)
    assert (machine.check_java().level, machine.check_java().fix) == (Level.FAIL, "Install a JDK 17")
    assert machine.check_node().level is Level.FAIL


@pytest.mark.parametrize(("free", "level"), [(1.9e9, Level.FAIL), (2.1e9, Level.OK)])
def test_a_full_disk_fails(free: float, level: Level, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1e12, 0, free))
    assert machine.check_disk(tmp_path / "not" / "there" / "yet").level is level


@pytest.mark.parametrize(("total", "level"), [(3.4e9, Level.FAIL), (4.1e9, Level.OK)])
def test_too_little_memory_fails(total: float, level: Level) -> None:
    finding = machine.check_memory(int(total))
    assert finding.level is level
    assert bool(finding.fix) == (level is Level.FAIL)


def test_a_free_port_passes_and_one_in_use_names_the_way_out(tmp_path: pathlib.Path) -> None:
    settings = Settings(home=tmp_path, port=free_port())
    assert machine.check_port(settings).level is Level.OK
    with socket.create_server(("127.0.0.1", settings.port)):
        finding = machine.check_port(settings)
    assert finding.level is Level.FAIL
    assert str(settings.port) in finding.found
    assert "--port" in finding.fix


@pytest.mark.parametrize(("healthy", "level"), [(True, Level.OK), (False, Level.FAIL)])
def test_the_accounts_own_port_passes_while_it_answers(
    healthy: bool, level: Level, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, port=4566)
    monkeypatch.setattr(lifecycle, "find", lambda _: lifecycle.Running(17, settings, 0.0))
    monkeypatch.setattr(lifecycle, "is_healthy", lambda _: healthy)
    assert machine.check_port(settings).level is level
