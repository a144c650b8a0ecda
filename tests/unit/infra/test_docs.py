"""What readers copy into a shell works there; the pipeline's commands answer in JSON."""

import pathlib
import re
import shlex

import pytest

from infra import ROOT
from infra.cli import docs_generator
from tests import page_commands
from tests.lint import page_references

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = docs_generator.commands()


def test_every_command_of_the_pipeline_can_answer_in_json() -> None:
    of_pipeline = [name for name in COMMANDS if name.startswith("insights pipeline ")]
    assert len(of_pipeline) >= 8
    assert [name for name in of_pipeline if "--json" not in docs_generator.options(COMMANDS[name])] == []


BLOCKING = ("make dashboard", "insights dashboard", "make serve", "insights serve")


def shell_blocks(page: pathlib.Path) -> list[list[str]]:
    """The commands of each block that readers copy into a shell, continued lines joined."""
    blocks = re.findall(r"^```(?:sh|bash|shell|console|zsh)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [[line for line in block.replace("\\\n", " ").splitlines() if line.strip()] for block in blocks]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_has_comments_which_zsh_would_run(page: pathlib.Path) -> None:
    """zsh, the shell of macOS, takes `#` for an argument at its prompt: INTERACTIVE_COMMENTS is off by default."""
    for block in shell_blocks(page):
        for line in block:
            assert shlex.split(line, comments=True) == shlex.split(line), f"{page.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_that_keeps_the_terminal_is_the_last_of_its_block(page: pathlib.Path) -> None:
    for block in shell_blocks(page):
        early = [line for line in block[:-1] if any(command in line for command in BLOCKING)]
        assert early == [], f"{page.name}: nothing after {early} would run"


def test_blocks_are_found_where_people_copy_them() -> None:
    assert ["make demo"] in shell_blocks(ROOT / "README.md")
    assert any(
        line.startswith("export TOKEN=")
        for block in shell_blocks(ROOT / "docs" / "tutorials" / "rest-client.md")
        for line in block
    )


# why a block is not run on the local account; everything else is, by tests/e2e/test_pages.py
REASONS = {
    "changes files of the repository",
    "it keeps the terminal",
    "it waits for the operator",
    "it would run itself",
    "needs an AWS account",
    "needs the AWS command line",  # its services, operations and parameters are checked by tests/lint/aws_commands.py
    "needs the id of a user",
    "takes a minute or more; the demo's run is the same",
    "takes a minute; tests/e2e/test_dbt_changes.py runs it",
    "takes a run of the pipeline per day or hour",
    "takes minutes",
    "takes minutes; tests/e2e runs the demo",
}


def test_every_command_of_a_page_is_run_or_says_why_not() -> None:
    run, reasons = page_commands.find_pages(), set()
    for page in page_references.pages():
        text = page.read_text()
        fences = re.findall(r"^ *```(?:sh|bash|shell|console|zsh)\b", text, re.MULTILINE)
        blocks = page_commands.read_blocks(text)
        assert len(blocks) == len(fences), f"{page.name}: a block that no test reads"
        assert not fences or page in run or page in page_commands.FOLLOWED_ELSEWHERE, f"{page.name} is not followed"
        if page in run:
            shown = re.findall(r"^ *```text$", text, re.MULTILINE)
            assert len(shown) == sum(block.shown is not None for block in blocks), f"{page.name}: output not compared"
        reasons |= {block.reason for block in blocks if block.reason}
    assert reasons == REASONS


def test_a_page_that_prints_something_else_is_found() -> None:
    page = "```sh\necho two\n```\n\n```text\nthree\n```\n\n```sh\nfalse\n```\n"
    wrong = page_commands.run_page(page_commands.read_blocks(page), {"PATH": "/usr/bin:/bin"})
    assert [finding.splitlines()[0] for finding in wrong] == ["echo two", "exit 1 in:"]
