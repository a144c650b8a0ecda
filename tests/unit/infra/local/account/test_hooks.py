"""A completion notices at start-up that the emulator no longer is what it was written for."""

import types
from typing import Any

import pytest

from infra.local.account.hooks import HookChangedError, hook, replace


@pytest.fixture
def emulator() -> Any:
    module = types.ModuleType("emulator")
    vars(module)["start"] = lambda data, name="": f"started {name}{data}"
    return module


def test_a_replaced_function_gives_way_and_is_handed_back(emulator: Any) -> None:
    original = replace(emulator, "start", "data name", lambda data, name="": f"really {original(data, name)}")
    assert emulator.start("job") == "really started job"


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("stop", "data", "emulator.stop is gone"),
        ("start", "data", r"emulator.start takes \(data name\); its completion was written for \(data\)"),
        ("start", "name data", r"emulator.start takes \(data name\)"),
    ],
)
def test_a_function_that_is_gone_or_takes_something_else_is_not_replaced(
    emulator: Any, name: str, parameters: str, message: str
) -> None:
    with pytest.raises(HookChangedError, match=message):
        hook(emulator, name, parameters)
    with pytest.raises(HookChangedError, match=message):
        replace(emulator, name, parameters, print)
    assert emulator.start("job") == "started job"
