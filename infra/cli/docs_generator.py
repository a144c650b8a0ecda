"""Generates docs/cli.md from the commands: `make reference` writes it, a test compares it.

Typer's own `typer APP utils docs` loads a group's commands by `get_command`, which gives stand-ins here, and knows
neither exit codes nor contexts that a group shares; this generator has both in a page that is half as long.
"""

from collections.abc import Iterator
from typing import Any

import typer.main
from typer import Context
from typer.core import TyperGroup

from infra import ROOT
from infra.cli.app import app
from infra.cli.exit_codes import MEANINGS
from infra.cli.lazy import LazyGroup

PAGE = ROOT / "docs" / "cli.md"
PROGRAM = "insights"
INTRODUCTION = """\
# The commands

Written by `make reference` from the commands themselves; `insights COMMAND --help` says the same. Each works on the
local account, or with `insights --target aws COMMAND` on the account of your AWS profile, but for those that are about
the local account itself. The account is printed to standard error. A command that changes something on AWS needs the
account's number: `insights --target aws --account 123456789012 COMMAND`. With `--json` standard output has JSON only;
everything else goes to standard error. `insights --install-completion` sets up completion for your shell.
"""


def commands() -> dict[str, Context]:
    """Every command by its full name, such as `insights pipeline start`, in the order of `--help`."""
    return dict(_below(root_context(), PROGRAM))


def options(context: Context) -> set[str]:
    """The flags that a command takes, those of the program itself among them."""
    flags = {
        flag for where in (context, root_context()) for parameter in where.command.params for flag in _flags(parameter)
    }
    return flags | {"--help", "-h"}


def text() -> str:
    """The whole page."""
    lines = [INTRODUCTION, "| exit code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    lines += ["", "## Before every command", "", *_parameters(root_context())]
    for name, context in commands().items():
        usage = " ".join([name, *context.command.collect_usage_pieces(context)])
        lines += ["", f"## {name}", "", *_paragraphs(context.command.help or ""), f"    {usage}"]
        described = list(_parameters(context))
        lines += ["", *described] if described else []
    return "\n".join(lines) + "\n"


def root_context() -> Context:
    """The context of the program itself."""
    return Context(typer.main.get_command(app), info_name=PROGRAM)


def _below(context: Context, name: str) -> Iterator[tuple[str, Context]]:
    group = context.command
    if not isinstance(group, TyperGroup):
        yield name, context
        return
    for word in group.list_commands(context):
        inner = group.load(word) if isinstance(group, LazyGroup) else group.get_command(context, word)
        if inner is not None and not inner.hidden:
            yield from _below(Context(inner, info_name=word, parent=context), f"{name} {word}")


def _flags(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def _parameters(context: Context) -> Iterator[str]:
    for parameter in context.command.params:
        described = parameter.get_help_record(context)
        if described is not None and "completion" not in str(parameter.name):
            name, meaning = described
            yield f"- `{name.replace(' <bool>', '')}`: {' '.join(meaning.split())}"


def _paragraphs(prose: str) -> Iterator[str]:
    for paragraph in prose.split("\n\n"):
        yield from (" ".join(paragraph.split()), "")


if __name__ == "__main__":
    PAGE.write_text(text())
