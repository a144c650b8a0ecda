"""The pipeline's definition against the schema of the States Language that cfn-lint has from AWS."""

import copy
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from infra.stacks import pipeline

pytestmark = pytest.mark.slow

CFN_LINT = pathlib.Path(sys.executable).with_name("cfn-lint")


def lint_definition(machine: dict[str, Any], folder: pathlib.Path) -> str:
    """What cfn-lint says about a template that carries this definition inline; empty when nothing."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/any", "Definition": machine}
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    path = folder / "machine.template.json"
    path.write_text(json.dumps(template))
    # it takes ${…} for references of a template; here they are substitutions of the machine
    done = subprocess.run(
        [CFN_LINT, "--ignore-checks", "E1019", "W1019", "I", "--template", path], capture_output=True, text=True
    )
    return done.stdout


def test_the_definition_is_of_the_states_language(tmp_path: pathlib.Path) -> None:
    assert lint_definition(pipeline.definition(), tmp_path) == ""


def _without_resource(states: dict[str, Any]) -> None:
    del states["BuildSilver"]["Resource"]


def _with_a_path(states: dict[str, Any]) -> None:
    # JSONata states have Output, paths belong to JSONPath
    states["BuildSilver"]["ResultPath"] = "$.silver"


def _of_no_kind(states: dict[str, Any]) -> None:
    states["Begin"]["Type"] = "Start"


@pytest.mark.parametrize("broken", [_without_resource, _with_a_path, _of_no_kind])
def test_what_is_not_is_noticed(broken: Callable[[dict[str, Any]], None], tmp_path: pathlib.Path) -> None:
    machine = copy.deepcopy(pipeline.definition())
    broken(machine["States"])
    assert lint_definition(machine, tmp_path) != ""
