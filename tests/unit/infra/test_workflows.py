"""What CI runs and may do: actions of a fixed content, roles within their boundary."""

import pathlib
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from infra import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Sub`, `!Ref`, …) as their plain values."""


def _plain(loader: _Template, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None


_Template.add_multi_constructor("!", _plain)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_digest(workflow: Any) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text())
    assert used
    # a tag can be moved to other content, a digest cannot
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_one_deployment_of_an_environment_runs_at_a_time_and_is_never_cancelled() -> None:
    deploy = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["deploy"]
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.deploy }}", "cancel-in-progress": False}
    assert deploy["environment"] == "${{ inputs.deploy }}"


def test_a_role_of_ci_may_do_nothing_beyond_its_boundary_and_no_wildcard_action() -> None:
    resources = yaml.load((ROOT / "infra" / "ci-roles.yaml").read_text(), Loader=_Template)["Resources"]  # noqa: S506

    def actions(document: dict[str, Any]) -> set[str]:
        listed = [statement["Action"] for statement in document["Statement"]]
        return {each for item in listed for each in (item if isinstance(item, list) else [item])}

    boundary = actions(resources["Boundary"]["Properties"]["PolicyDocument"])
    roles = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}
    assert set(roles) == {"DeployRole", "DbtRole"}
    for name, role in roles.items():
        assert role["PermissionsBoundary"] == "Boundary"
        allowed = {action for policy in role["Policies"] for action in actions(policy["PolicyDocument"])}
        assert allowed <= boundary, name
        assert [action for action in allowed if "*" in action] == []
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
        assert subject.startswith("repo:${Repository}:")


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """A checkout with version 1.2.0 and its section of the changelog."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "release-notes", tmp_path / ".ci")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.0"\n')
    sections = ("# Changes", "## [Unreleased]", "- later", "## [1.2.0] - 2026-12-01", "- new", "## [1.1.0]", "- old")
    (tmp_path / "CHANGELOG.md").write_text("\n\n".join(sections))
    return tmp_path


def _release_notes(checkout: pathlib.Path, tag: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(checkout / ".ci" / "release-notes"), tag], capture_output=True, text=True, check=False)


def test_a_release_has_the_section_of_its_version(checkout: pathlib.Path) -> None:
    done = _release_notes(checkout, "v1.2.0")
    assert (done.returncode, done.stdout.strip()) == (0, "- new")


def test_a_release_of_another_version_or_without_a_section_is_refused(checkout: pathlib.Path) -> None:
    done = _release_notes(checkout, "v1.3.0")
    assert done.returncode == 1
    assert "the tag is v1.3.0, but pyproject.toml has version 1.2.0" in done.stderr
    (checkout / "CHANGELOG.md").write_text("## [Unreleased]\n\n- later\n\n## [1.2.0]\n\n## [1.1.0]\n\n- old\n")
    done = _release_notes(checkout, "v1.2.0")
    assert done.returncode == 1
    assert "has no section `## [1.2.0]` with text" in done.stderr
