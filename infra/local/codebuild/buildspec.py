"""What a build runs: its buildspec's phases, as bash scripts that behave like one session."""

import dataclasses
import pathlib
import shlex
from collections.abc import Iterable
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
DEFAULT_FILE = "buildspec.yml"


class BuildspecError(ValueError):
    """The buildspec is missing or cannot be understood."""


@dataclasses.dataclass(frozen=True)
class Buildspec:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html, as far as builds here need it.

    Args:
        variables: `env.variables`.
        exported: names in `env.exported-variables`: which of its shell's variables the build's description has.
        commands: the commands of each phase that has any.
        finally_commands: of each phase, those that run after the others, whether they failed or not.
    """

    variables: dict[str, str]
    exported: list[str]
    commands: dict[str, list[str]]
    finally_commands: dict[str, list[str]]


def load(given: str, source: pathlib.Path) -> Buildspec:
    """Read a buildspec.

    Args:
        given: YAML or JSON text, or a path within the source; empty means buildspec.yml.
        source: folder of the source.

    Raises:
        BuildspecError: no such file, or it is not a buildspec.
    """
    text = given
    if "\n" not in given.strip() and not given.lstrip().startswith("{"):
        file = source / (given.strip() or DEFAULT_FILE)
        if not file.is_file():
            raise BuildspecError(f"stat {file.relative_to(source)}: no such file or directory")
        text = file.read_text()
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(str(error)) from error
    if not isinstance(content, dict) or not isinstance(content.get("phases"), dict):
        raise BuildspecError("a buildspec needs `phases`")
    environment: dict[str, Any] = content.get("env") or {}
    if fetched := {"parameter-store", "secrets-manager"} & set(environment):
        raise BuildspecError(f"env/{min(fetched)} is not available in the local account")
    if unknown := set(content["phases"]) - set(PHASES):
        raise BuildspecError(f"unknown phase: {min(unknown)}")
    phases = {name: content["phases"].get(name) or {} for name in PHASES}
    return Buildspec(
        {name: str(value) for name, value in (environment.get("variables") or {}).items()},
        [str(name) for name in environment.get("exported-variables") or []],
        {name: _commands(phase, "commands") for name, phase in phases.items() if phase.get("commands")},
        {name: _commands(phase, "finally") for name, phase in phases.items() if phase.get("finally")},
    )


def _commands(phase: dict[str, Any], member: str) -> list[str]:
    found = []
    for number, command in enumerate(phase[member]):
        if isinstance(command, dict | list):
            raise BuildspecError(f"Expected {member}[{number}] to be of string type: found {type(command).__name__}")
        if command is not None and str(command).strip():
            found.append(str(command).lower() if isinstance(command, bool) else str(command).rstrip())
    return found


def script(commands: Iterable[str], memory: pathlib.Path) -> str:
    """A bash script that runs `commands` until one fails, where the script before it left off.

    Args:
        commands: of one phase.
        memory: folder in which a script leaves the working directory (`folder`), variables and functions (`session`)
            and the number of the command that it ran last, from 0 (`command`), for the next one, and its environment
            for `environment`.
    """
    places = ("folder", "session", "command", "environment")
    folder, session, last, variables = (shlex.quote(str(memory / name)) for name in places)
    # bash's own read-only variables cannot be set again, and each phase gets anew whether the build succeeds so far
    forgotten = "'^declare -[A-Za-z-]*r|CODEBUILD_BUILD_SUCCEEDING='"
    lines = [
        f'[ -f {folder} ] && cd "$(cat {folder})"',
        f"[ -f {session} ] && . {session} 2>/dev/null",
        "_remember() {",
        f"  {{ declare -p | grep -Ev {forgotten}; declare -f; }} > {session}; pwd > {folder}; env -0 > {variables}",
        "}",
        "trap _remember EXIT",
    ]
    for number, command in enumerate(commands):
        lines.append(f"echo {number} > {last}; echo {shlex.quote('[Container] Running command ' + command)}")
        lines.append("{\n" + command + "\n} || exit $?")
    return "\n".join(lines) + "\n"


def environment(memory: pathlib.Path) -> dict[str, str]:
    """The exported variables that the last script left behind; none, when no script has run."""
    file = memory / "environment"
    entries = file.read_bytes().decode(errors="replace").split("\0") if file.exists() else []
    return {name: value for name, equals, value in (entry.partition("=") for entry in entries) if equals}
