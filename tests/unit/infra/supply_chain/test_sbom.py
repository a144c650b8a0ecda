"""Bills of materials: valid, complete, and the same whenever they are written."""

import json
import re

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra import ROOT
from infra.supply_chain.packages import DEPLOYABLES, packages
from infra.supply_chain.sbom import bill


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_a_bill_is_valid_and_names_all_that_the_lock_pins(deployable: str) -> None:
    text = bill(deployable)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None

    components = {each["name"]: each for each in json.loads(text)["components"]}
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / DEPLOYABLES[deployable]).read_text(), re.M)
    elsewhere = set(pinned) - set(components)
    assert elsewhere <= {"colorama", "tzdata"}, "what only Windows installs is left out, nothing else"
    for name, component in components.items():
        assert component["purl"] == f"pkg:pypi/{name}@{component['version']}"
        assert component["hashes"]
        assert component["licenses"]


def test_a_bill_depends_on_the_lock_only() -> None:
    first = bill("api")
    assert bill("api") == first
    assert "timestamp" not in json.loads(first)["metadata"]
    assert json.loads(first)["serialNumber"] != json.loads(bill("ingestion"))["serialNumber"]


def test_a_package_that_python_3_11_does_not_get_is_left_out() -> None:
    for lock in DEPLOYABLES.values():
        names = [package.name for package in packages(lock)]
        assert len(names) == len(set(names))
