"""What the report of the benches takes for worse, what it names as unsteady, and its page."""

import json
import pathlib
from typing import Any

import pytest

from tests.bench.report import compare, page, results
from tests.bench.report.figures import BENCHES, FIGURES, describe, flatten
from tests.bench.report.results import Result

COMMITTED = results.read()


def run_of(bench: str, arguments: str = "", **figures: Any) -> Result:
    return Result(
        bench=bench, arguments=arguments, at="2026-11-29 20:00", commit="abc", machine="m", versions={}, missed=[],
        figures=figures,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        (1.0, 1.24, False),
        (1.0, 1.26, True),
        (4.0, 4.9, False),
        (4.0, 5.1, True),
        (0.02, 0.06, False),
        (2.0, 0.1, False),
    ],
)
def test_a_ratio_is_worse_beyond_a_quarter_and_more_than_next_to_nothing(
    before: float, after: float, is_worse: bool
) -> None:
    found = compare.worse([run_of("silver", increment_ratio=before)], [run_of("silver", increment_ratio=after)])
    assert bool(found) is is_worse


def test_of_a_rate_less_is_worse() -> None:
    before = [run_of("ingestion", ratio_to_json_dumps=1.0)]
    assert compare.worse(before, [run_of("ingestion", ratio_to_json_dumps=1.5)]) == []
    (line,) = compare.worse(before, [run_of("ingestion", ratio_to_json_dumps=0.7)])
    assert line == "ingestion: records transformed is 0.7, was 1; the limit is 0.75"


def test_one_call_more_is_worse_and_absolute_values_never_are() -> None:
    before = [run_of("api", calls={"get": 1}, overhead_ms=0.1)]
    (line,) = compare.worse(before, [run_of("api", calls={"get": 2}, overhead_ms=9.0)])
    assert "calls of AWS: get is 2" in line


def test_runs_of_other_arguments_are_not_compared() -> None:
    before, after = run_of("silver", increment_ratio=1), run_of("silver", "--quick", increment_ratio=9)
    assert compare.worse([before], [after]) == []


def test_of_several_runs_the_best_counts_so_that_chance_alone_fails_nothing() -> None:
    before = [run_of("silver", increment_ratio=1.0)]
    after = [run_of("silver", increment_ratio=2.0), run_of("silver", increment_ratio=1.1)]
    assert compare.worse(before, after) == []


def test_ratios_on_which_two_runs_do_not_agree_are_named() -> None:
    runs = [run_of("growth", build_seconds={"small": 1.0, "large": 9.0, "ratio": 1.0}),
            run_of("growth", build_seconds={"small": 5.0, "large": 1.0, "ratio": 1.3})]  # fmt: skip
    assert compare.disagreements(runs) == ["growth: growth of build seconds is 1 and 1.3"]
    assert compare.disagreements(runs[:1]) == []


def test_figures_are_read_from_the_last_line_of_a_bench_with_what_it_missed() -> None:
    output = 'missed: overhead_ms is 1.0, at most 0.3\nbench-api: {"overhead_ms": 2}\nbench-api: {"overhead_ms": 1.0}\n'
    found = results.result("api", ["--x"], output)
    assert (found.figures, found.missed, found.arguments) == (
        {"overhead_ms": 1.0}, ["overhead_ms is 1.0, at most 0.3"], "--x",
    )  # fmt: skip
    assert found.versions["pyspark"]
    with pytest.raises(ValueError, match="no figures"):
        results.result("api", [], "Traceback")


def test_results_are_written_and_read_again(tmp_path: pathlib.Path) -> None:
    kept = {"api": [run_of("api", overhead_ms=1.0)]}
    results.write(kept, tmp_path / "benchmarks.json")
    assert results.read(tmp_path / "benchmarks.json") == kept
    assert results.read(tmp_path / "none.json") == {}


def test_a_figure_that_nobody_has_described_is_refused() -> None:
    with pytest.raises(LookupError, match=r"say in tests\.bench\.report\.figures what made_up is"):
        describe("api", "made_up")


def test_every_figure_of_the_committed_report_is_described() -> None:
    assert COMMITTED
    for bench, runs in COMMITTED.items():
        for run in runs:
            assert [describe(bench, key)[0].kind for key, _ in flatten(run.figures)]


def test_every_bench_has_a_ratio_to_something_beside_it() -> None:
    assert set(FIGURES) == set(BENCHES)
    assert all(any(figure.kind == "ratio" for figure in figures) for figures in FIGURES.values())


def test_the_page_is_that_of_the_committed_figures() -> None:
    assert page.PAGE.read_text() == page.text(COMMITTED), "`make bench` writes docs/benchmarks.md"
    assert json.loads(results.COMMITTED.read_text()).keys() == COMMITTED.keys()
