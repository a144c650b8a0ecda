"""docs/benchmarks.md, from the results of the benches."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from infra import ROOT
from infra.site.markdown import code, page, table
from tests.bench.report.compare import MARGIN, disagreements
from tests.bench.report.figures import BENCHES, FIGURES, describe, flatten
from tests.bench.report.results import Result

PAGE = ROOT / "docs" / "benchmarks.md"
INTRODUCTION = f"""\
# Benchmarks

`make bench` writes this page and its raw figures, [benchmarks.json](reference/benchmarks.json). A bench can be run
alone: `make bench ARGS="--only api"` keeps the others as they are. The nightly `make bench ARGS="--quick --check"`
fails when a ratio has become worse by more than {MARGIN:.0%}, or a count at all, against a run with the same arguments.

*Beside* is what a ratio was measured beside, in the same run on the same machine. Figures marked *absolute* have
nothing beside them: they say as much about the machine as about the code, and are not compared. Where a bench ran
twice, the figure is the mean."""
KINDS = {"ratio": "", "count": "count", "absolute": "absolute"}


def text(results: Mapping[str, Sequence[Result]]) -> str:
    """The whole page.

    Args:
        results: runs by bench.
    """
    known = {bench: results[bench] for bench in BENCHES if results.get(bench)}
    ran = [
        (
            code(f"{bench} {found[0].arguments}".strip()),
            str(len(found)),
            found[-1].at,
            code(found[-1].commit),
            "; ".join(found[-1].missed) or "none",
        )
        for bench, found in known.items()
    ]
    latest = max((found[-1] for found in known.values()), key=lambda one: one.at)
    versions = ", ".join(f"{name} {version}" for name, version in latest.versions.items())
    machines = sorted({one.machine for found in known.values() for one in found})
    parts = [
        INTRODUCTION,
        "## What ran",
        table(("bench", "runs", "ended, UTC", "commit", "bounds missed"), ran),
        f"Machine: {'; '.join(machines)}. Versions: {versions}.",
        "## Where two runs do not agree",
        _agreement(known),
    ]
    for bench in BENCHES:
        figures = table(("figure", "value", "beside, or unit", "kind"), _rows(known[bench])) if bench in known else ""
        parts += [f"## {bench}", figures or f'Not in this report yet: `make bench ARGS="--only {bench}"` measures it.']
    return page(*filter(None, parts))


def _agreement(known: Mapping[str, Sequence[Result]]) -> str:
    lines = [f"- {line}" for found in known.values() for line in disagreements(found)]
    once = [code(bench) for bench, found in known.items() if len(found) < 2]
    alone = f"These ran once, so nothing is known of them: {', '.join(once)}." if once else ""
    agreed = f"All other ratios of benches that ran twice agree within {MARGIN:.0%}."
    return "\n\n".join(filter(None, ["\n".join(lines), agreed if len(once) < len(known) else "", alone]))


def _rows(found: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    flat = [dict(flatten(one.figures)) for one in found]
    rows = []
    for key in dict.fromkeys(key for one in flat for key in one):
        figure, title = describe(found[0].bench, key)
        value = statistics.fmean(one[key] for one in flat if key in one)
        order = [each.key for each in FIGURES[found[0].bench]].index(figure.key)
        rows.append((figure.kind == "absolute", order, title, _number(value), figure.beside, KINDS[figure.kind]))
    for row in sorted(rows, key=lambda row: row[:2]):
        yield row[2:]


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"
