"""What workflows and devcontainer run exists, parses and fits together, without a runner of GitHub to say so."""

import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra import ROOT
from tests.lint import page_references

WORKFLOWS = {
    path.name: yaml.safe_load(path.read_text()) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
# https://docs.github.com/en/actions/reference/workflows-and-actions/contexts
CONTEXTS = {"env", "github", "inputs", "matrix", "needs", "runner", "secrets", "steps", "vars"}
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
JOB_KEYS = {"concurrency", "env", "environment", "if", "name", "needs", "permissions", "runs-on", "steps", "strategy"}
STEP_KEYS = {"env", "id", "if", "name", "run", "uses", "with"}
# https://containers.dev/implementors/json_reference/
DEVCONTAINER = {
    "name": str,
    "image": str,
    "hostRequirements": dict,
    "postCreateCommand": str,
    "forwardPorts": list,
    "portsAttributes": dict,
    "remoteEnv": dict,
    "customizations": dict,
}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job with its workflow's name."""
    for name, workflow in WORKFLOWS.items():
        for job, definition in workflow["jobs"].items():
            yield f"{name}: {job}", definition


def scripts(job: dict[str, Any]) -> Iterator[str]:
    """What the steps of a job run, with expressions as words."""
    for step in job["steps"]:
        if "run" in step:
            yield EXPRESSION.sub("expression", step["run"])


def find_faults(job: dict[str, Any], inputs: set[str], siblings: set[str]) -> list[str]:
    """What a runner would refuse or run in vain.

    Args:
        job: of a workflow.
        inputs: of its dispatch event.
        siblings: the jobs of the workflow.
    """
    faults = [f"no key `{key}` of a job" for key in job.keys() - JOB_KEYS - {"timeout-minutes"}]
    faults += [f"no job `{name}`" for name in set(_listed(job.get("needs"))) - siblings]
    matrix = job.get("strategy", {}).get("matrix", {})
    axes = {key for entry in matrix.get("include", []) for key in entry} | (matrix.keys() - {"include"})
    ids = {step["id"] for step in job["steps"] if "id" in step}
    for expression in EXPRESSION.findall(json.dumps(job)):
        for context, name in re.findall(r"(?<![\w.])([a-z]+)\.([\w-]+)", re.sub(r"'[^']*'", "", expression)):
            known = {"matrix": axes, "inputs": inputs, "steps": ids}.get(context, {name})
            if context not in CONTEXTS or name not in known:
                faults.append(f"nothing defines `{context}.{name}`")
    for step in job["steps"]:
        faults += [f"no key `{key}` of a step" for key in step.keys() - STEP_KEYS]
        if ("run" in step) == ("uses" in step):
            faults.append("a step runs a command or uses an action")
    for script in scripts(job):
        faults += find_faults_of_script(script)
    return faults


def find_faults_of_script(script: str) -> list[str]:
    """What a script's shell would refuse: its syntax, scripts and make targets that are not there, wrong `insights`."""
    parsed = subprocess.run(["/bin/bash", "-n", "-c", script], capture_output=True, text=True, check=False)
    faults = [parsed.stderr] if parsed.returncode else []
    faults += [f"no script `{path}`" for path in re.findall(r"\.ci/[\w-]+", script) if not (ROOT / path).exists()]
    targets = re.findall(r"(?:\.ci/run|\bmake) ([a-z][\w-]*)", script)
    faults += [f"no make target `{target}`" for target in targets if target not in page_references.targets()]
    fenced = re.sub(r"\"?\$\w+\"?", "1", " ".join(line.rstrip("\\") for line in script.splitlines()))
    return faults + list(page_references.check_commands(f"```sh\n{fenced}\n```"))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_only_what_there_is(name: str) -> None:
    workflow = WORKFLOWS[name]
    dispatch = workflow[True].get("workflow_dispatch") or {}  # YAML 1.1 reads the key `on` as a boolean
    inputs, siblings = set(dispatch.get("inputs", {})), set(workflow["jobs"])
    assert [fault for job in workflow["jobs"].values() for fault in find_faults(job, inputs, siblings)] == []


@pytest.mark.parametrize(
    ("job", "fault"),
    [
        ({"needs": "tests"}, "no job `tests`"),
        ({"runs_on": "ubuntu-24.04"}, "no key `runs_on` of a job"),
        ({"steps": [{"run": "echo ${{ matrix.pyton }}"}]}, "nothing defines `matrix.pyton`"),
        ({"steps": [{"run": "echo ${{ input.deploy }}"}]}, "nothing defines `input.deploy`"),
        ({"steps": [{"run": ".ci/run lnit"}]}, "no make target `lnit`"),
        ({"steps": [{"run": ".ci/release-note v1"}]}, "no script `.ci/release-note`"),
        ({"steps": [{"run": ".venv/bin/insights deploy --yse"}]}, "`insights deploy` has no --yse"),
        ({"steps": [{"run": "make setup", "uses": "actions/checkout@v4"}]}, "a step runs a command or uses an action"),
        ({"steps": [{"runs": "make setup", "uses": "actions/checkout@v4"}]}, "no key `runs` of a step"),
    ],
)
def test_a_planted_fault_is_found(job: dict[str, Any], fault: str) -> None:
    assert find_faults({"steps": [], **job}, {"deploy"}, {"test"}) == [fault]


def test_a_script_that_does_not_parse_is_found() -> None:
    (fault,) = find_faults_of_script("if true; then make setup")
    assert "syntax error" in fault


def test_the_parts_of_the_tests_are_all_tests() -> None:
    parts = WORKFLOWS["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]["include"]
    words = [word for part in parts for word in part["tests"].split()]
    named = {word for word in words if not word.startswith("--")}
    left_out = {word.removeprefix("--ignore=") for word in words if word.startswith("--")}
    assert left_out <= named
    assert {path.as_posix() for path in (ROOT / "tests").glob("*") if any(path.rglob("test_*.py"))} == {
        (ROOT / path).as_posix() for path in named - left_out
    }


def test_dependabot_looks_at_every_lock_of_npm() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    watched = {folder for update in updates for folder in update.get("directories", [])}
    folders = [ROOT / "infra", ROOT / "tests" / "clients"]
    locks = [
        path for folder in folders for path in folder.rglob("package-lock.json") if "node_modules" not in path.parts
    ]
    assert {f"/{path.parent.relative_to(ROOT).as_posix()}" for path in locks} == watched


@pytest.mark.parametrize("script", sorted((ROOT / ".ci").glob("*")), ids=lambda path: path.name)
def test_a_script_of_ci_parses_and_may_be_executed(script: pathlib.Path) -> None:
    assert subprocess.run(["/bin/bash", "-n", str(script)], check=False).returncode == 0
    assert script.stat().st_mode & 0o111


def test_a_pull_request_shows_what_it_changes_in_the_templates(tmp_path: pathlib.Path) -> None:
    def run(*words: str) -> str:
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    def commit(text: str) -> None:
        (tmp_path / "cdk.snapshots" / "prod" / "Stack.json").write_text(text)
        run("git", "add", ".")
        run("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "a change")

    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "cdk.snapshots" / "prod").mkdir(parents=True)
    run("git", "init", "-q")
    commit("timeout: 3\n")
    commit("timeout: 4\n")
    assert run(".ci/stack-changes", "HEAD") == "No stack changes.\n"
    shown = run(".ci/stack-changes", "HEAD~1")
    assert "Stack.json | 2 +-" in shown
    assert "-timeout: 3\n+timeout: 4" in shown


def test_the_devcontainer_is_what_its_specification_allows() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert {key: type(value) for key, value in container.items()} == DEVCONTAINER
    assert find_faults_of_script(container["postCreateCommand"]) == []
    assert re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:3\.1[1-3]-\w+", container["image"])
    assert set(container["portsAttributes"]) == {str(port) for port in container["forwardPorts"]}
    settings = container["customizations"]["vscode"]["settings"]
    assert settings == {"python.defaultInterpreterPath": ".venv/bin/python"}
