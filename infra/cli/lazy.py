"""Commands that are imported when they are called: a Typer group that knows names and summaries in advance.

The pattern is Click's: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class LazyCommand(NamedTuple):
    """Where a command is.

    Args:
        location: `module:function`, or `module:variable` of a `typer.Typer`.
        summary: the first sentence of its help.
        epilog: printed below its help.
        settings: of its context, as Typer takes them.
    """

    location: str
    summary: str
    epilog: str | None = None
    settings: Mapping[str, Any] = {}


class LazyGroup(TyperGroup):
    """A group whose commands are stand-ins with name and summary until one of them is called."""

    lazy: Mapping[str, LazyCommand] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The stand-in for help and completion; `resolve_command` gives the command itself."""
        found = self.lazy.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        return TyperCommand(cmd_name, help=found.summary, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return (name, self.load(name), rest) if name is not None and name in self.lazy else (name, command, rest)

    def load(self, name: str) -> Any:
        """Import the command `name`."""
        found = self.lazy[name]
        module, _, attribute = found.location.partition(":")
        loaded = getattr(importlib.import_module(module), attribute)
        if isinstance(loaded, typer.Typer):
            return typer.main.get_command(loaded)
        single = typer.Typer(add_completion=False)
        single.command(name, epilog=found.epilog, context_settings={**HELP_OPTIONS, **found.settings})(loaded)
        return typer.main.get_command(single)


def lazy_group(commands: Mapping[str, LazyCommand]) -> type[LazyGroup]:
    """A group class of these commands, for `typer.Typer(cls=…)`."""
    return type("Commands", (LazyGroup,), {"lazy": commands})
