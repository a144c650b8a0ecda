"""The figures of one run of a bench, with what it ran on."""

import dataclasses
import datetime as dt
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from infra import ROOT

COMMITTED = ROOT / "docs" / "reference" / "benchmarks.json"
DISTRIBUTIONS = ("fastapi", "mangum", "boto3", "dbt-core", "dbt-athena", "pyspark", "pyiceberg", "duckdb", "ministack")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """One run of a bench.

    Args:
        bench: its name.
        arguments: of its command; other arguments measure something else.
        at: when it ended, UTC, to the minute.
        commit: of the checkout.
        machine: processors and memory in words.
        versions: of Python and of what was measured, by distribution.
        missed: bounds that it says it misses.
        figures: its JSON.
    """

    bench: str
    arguments: str
    at: str
    commit: str
    machine: str
    versions: dict[str, str]
    missed: list[str]
    figures: dict[str, Any]


def machine() -> str:
    """Processors, memory and system of this machine."""
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        model = found[1] if found else model
    gib = psutil.virtual_memory().total / 1024**3
    return f"{os.cpu_count()} × {model}, {gib:.0f} GiB, {platform.system()} {platform.machine()}"


def result(bench: str, arguments: Sequence[str], output: str, taken: dt.datetime | None = None) -> Result:
    """The result in a bench's output, on this machine.

    Args:
        bench: its name.
        arguments: of its command.
        output: what it printed; its last line is `bench-<name>: {json}`.
        taken: when it ended, if that was earlier, on a commit that nobody has noted; None: just now.

    Raises:
        ValueError: it has no such line.
    """
    lines = re.findall(rf"^(?:bench-)?{bench}: (\{{.*\}})$", output, re.MULTILINE)
    if not lines:
        raise ValueError(f"bench {bench} has printed no figures")
    commit = subprocess.run(
        ["/usr/bin/env", "git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return Result(
        bench=bench,
        arguments=" ".join(arguments),
        at=(taken or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%d %H:%M"),
        commit="not noted" if taken else commit or "unknown",
        machine=machine(),
        versions={"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in DISTRIBUTIONS},
        missed=re.findall(r"^missed: (.+)$", output, re.MULTILINE),
        figures=json.loads(lines[-1]),
    )


def run(bench: str, arguments: Sequence[str]) -> Result:
    """Run a bench in a process of its own, and show what it prints.

    Args:
        bench: its name.
        arguments: of its command.

    Raises:
        ValueError: it failed before it had figures.
    """
    command = [sys.executable, "-m", f"tests.bench.{bench}", *arguments]
    print(f"$ {' '.join(command[1:])}", flush=True)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            print(f"  {line}", end="", flush=True)
    return result(bench, arguments, "".join(lines))


def read(path: pathlib.Path = COMMITTED) -> dict[str, list[Result]]:
    """Results by bench; those of a bench are runs of the same arguments. None when there is no file.

    Args:
        path: of the JSON.
    """
    if not path.exists():
        return {}
    return {bench: [Result(**one) for one in found] for bench, found in json.loads(path.read_text()).items()}


def write(results: dict[str, list[Result]], path: pathlib.Path = COMMITTED) -> None:
    """Write results.

    Args:
        results: by bench.
        path: of the JSON.
    """
    document = {bench: [dataclasses.asdict(one) for one in found] for bench, found in results.items()}
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
