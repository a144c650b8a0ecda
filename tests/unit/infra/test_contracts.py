"""What several folders know is stated once: in the contract of the folder that produces it."""

import ast
import functools
import pathlib
import re
from collections.abc import Iterator

import pytest

from infra import ROOT

FOLDERS = ("api", "ingestion", "transforms", "orchestration", "infra")
CONTRACTS = (
    "api/contract.py",
    "ingestion/contract.py",
    "transforms/contract.py",
    "orchestration/contract.py",
    "infra/resource_names.py",
)
# names, unlike words such as `status`, which mean something else elsewhere
NAME = re.compile(r"[-/A-Z]|^todo_|_runs$")
# also how an execution of `insights pipeline backfill` begins; and what Lambda names, which its emulation does too
COMMON = {"METADATA", "PIPELINE", "backfill-", "aws/lambda/"}


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text in a piece of code that is not documentation."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def names_of(path: str) -> set[str]:
    """The names that a contract gives: the texts assigned to its constants."""
    assigned = [node for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.Assign)]
    return {text for node in assigned for text in texts(node.value) if len(text) > 3 and NAME.search(text)} - COMMON


@functools.cache
def sources() -> dict[pathlib.Path, frozenset[str]]:
    """Every module, and the texts in it that are not documentation."""
    return {
        path: frozenset(texts(ast.parse(path.read_text())))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if {"node_modules", "target", "dbt_packages"}.isdisjoint(path.parts)
    }


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_name_of_a_contract_is_written_nowhere_else(contract: str) -> None:
    names = names_of(contract)
    assert names
    repeated = {
        f"{path.relative_to(ROOT)}: {text}"
        for path, found in sources().items()
        if path != ROOT / contract
        for text in found & names
    }
    assert repeated == set()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_needs_no_package(contract: str) -> None:
    tree = ast.parse((ROOT / contract).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"dataclasses", "enum", "typing"}
