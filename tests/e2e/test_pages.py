"""README, tutorials, how-tos and runbooks: every command that can run on the local account is run, as it is written."""

import concurrent.futures
import os
import pathlib
import sys

import pytest

from infra import ROOT
from tests.e2e.conftest import Platform
from tests.page_commands import Block, find_pages, read_blocks, run_page

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = [
    page
    for page in find_pages()
    if page.parent != RUNBOOKS and any(block.reason is None for block in read_blocks(page.read_text()))
]


@pytest.fixture(scope="module")
def environment(built: Platform) -> dict[str, str]:
    """The shell of somebody who has started this account; nothing points its AWS clients anywhere yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, **built.account.settings.environment(), "PATH": path}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: pathlib.Path, environment: dict[str, str]) -> None:
    assert run_page(read_blocks(page.read_text()), environment) == []


def test_the_first_look_of_every_runbook_runs(environment: dict[str, str]) -> None:
    blocks = [block for page in sorted(RUNBOOKS.glob("todo-*.md")) for block in read_blocks(page.read_text())]
    commands = {line for block in blocks if block.reason is None for line in block.commands.splitlines()}
    assert len(commands) > 10
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda command: run_page([Block(command)], environment), sorted(commands))
    assert [wrong for each in found for wrong in each] == []
