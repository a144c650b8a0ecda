"""What the documentation has people type exists: commands, flags, make targets; the reference is what they say."""

import pathlib
import re
import shlex
from collections.abc import Iterator

import pytest

from infra import ROOT
from infra.cli import docs_generator

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = docs_generator.commands()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def code(page: pathlib.Path) -> Iterator[str]:
    """What a page sets as code: the lines of its blocks and the spans within its lines."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for block in blocks:
        yield from block.splitlines()
    yield from (line for line in text.splitlines() if line.startswith("    "))
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def calls(page: pathlib.Path) -> Iterator[str]:
    """Each `insights …` of a page, up to where the shell goes on with something else."""
    for line in code(page):
        for found in re.finditer(r"(?:^|[\s(/])insights((?: [^|)#;&>]*)?)", line):
            yield "insights" + found[1].rstrip()


def command(call: str) -> str | None:
    """The longest name of a command that a call begins with."""
    words = re.sub(r"--(target (aws|local)|account \d+) ", "", call).split()
    names = (" ".join(words[:length]) for length in range(len(words), 0, -1))
    return next((name for name in names if name in COMMANDS), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_flag_that_a_page_names_exists(page: pathlib.Path) -> None:
    for call in calls(page):
        is_group = any(name.startswith(f"{call} ") for name in COMMANDS)
        if (
            is_group
            or "…" in call
            or "COMMAND" in call
            or re.fullmatch(r"insights (-h|--help|--install-completion)", call)
        ):
            continue
        name = command(call)
        assert name, f"{page.name}: there is no command for `{call}`"
        if name == "insights dbt":  # its flags are dbt's
            continue
        given = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", re.sub(r"\"[^\"]*\"|'[^']*'", "", call)))
        unknown = given - docs_generator.options(COMMANDS[name])
        assert not unknown, f"{page.name}: `{name}` has no {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: pathlib.Path) -> None:
    named = {target for line in code(page) for target in re.findall(r"(?:^|[\s(])make ([a-z][a-z-]*)\b", line)}
    assert named <= TARGETS, f"{page.name} names {sorted(named - TARGETS)}"


def test_calls_are_found_where_people_read_them() -> None:
    readme = list(calls(ROOT / "README.md"))
    assert "insights pipeline start --wait" in readme
    assert any(call.startswith("insights login demo-1@example.com --password") for call in readme)
    assert command("insights --target aws pipeline start --wait") == "insights pipeline start"
    assert command("insights pipeline strat") is None


def test_the_reference_is_what_the_commands_say() -> None:
    assert docs_generator.PAGE.read_text() == docs_generator.text(), (
        "docs/cli.md is out of date: `make reference` writes it"
    )


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
    assert any(line.startswith("export TOKEN=") for block in shell_blocks(ROOT / "README.md") for line in block)
