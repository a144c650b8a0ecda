"""`insights --help` and shell completion answer at once: they import no command."""

import json
import os
import resource
import subprocess
import sys

import pytest

from infra import ROOT
from infra.cli import docs_generator
from infra.cli.app import app
from infra.cli.lazy import LazyGroup

HEAVY = ("boto3", "botocore", "infra.local", "infra.deploy", "ingestion", "transforms", "orchestration", "streamlit")
RUN = "import sys; sys.argv = ['insights', *sys.argv[1:]]; from infra.cli import main"


def python(code: str, *words: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def cpu_seconds(code: str, *words: str) -> float:
    """The processor time of a Python process: unlike the clock, it does not depend on what else runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    python(code, *words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("words", [("--help",), ("pipeline", "--help"), ("smoke", "-h")])
def test_help_imports_no_command(words: tuple[str, ...]) -> None:
    show = "import json; print(); print(json.dumps(sorted(sys.modules)))"
    code = f"{RUN}\ntry: main()\nexcept SystemExit: pass\n{show}"
    loaded = json.loads(python(code, *words).splitlines()[-1])
    light = () if words == ("--help",) else ("botocore", "boto3", "ingestion", "orchestration", "transforms.contract")
    heavy = [name for name in loaded if name.startswith(HEAVY) and name != "transforms"]
    assert [name for name in heavy if not name.startswith(light)] == []


def test_help_costs_little_more_than_typer_itself() -> None:
    bare = min(cpu_seconds("import typer, typer.rich_utils") for _ in range(3))
    help_ = min(cpu_seconds(f"{RUN}; main()", "--help") for _ in range(3))
    assert help_ < 2 * bare, f"--help took {help_:.2f} s of processor time, typer alone {bare:.2f} s"


def test_the_summaries_are_the_first_sentences_of_the_commands_help() -> None:
    def compare(group: LazyGroup) -> None:
        for name, entry in group.lazy.items():
            command = group.load(name)
            if isinstance(command, LazyGroup):
                compare(command)
            assert (command.help or "").split("\n\n")[0].replace("\n", " ").strip() == entry.summary, name

    root = docs_generator.root_context().command
    assert isinstance(root, LazyGroup)
    compare(root)
    assert app.info.help


def test_a_shell_completes_commands_and_their_flags() -> None:
    def complete(*words: str) -> list[str]:
        shown = python(
            f"{RUN}; main()",
            _INSIGHTS_COMPLETE="complete_zsh",
            _TYPER_COMPLETE_ARGS=" ".join(("insights", *words)),
        )
        return [line for line in shown.splitlines() if line]

    assert any("pipeline" in line for line in complete("pi"))
    assert any("start" in line for line in complete("pipeline", "st"))
