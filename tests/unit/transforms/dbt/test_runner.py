"""Which of dbt's commands a build of the pipeline comes to."""

import pytest

from transforms.dbt.runner import steps


def test_a_check_looks_at_sources_only() -> None:
    freshness, tests = steps("check", "", "")
    assert freshness == ["source", "freshness"]
    # a test of a source and a model has a parent that is not selected: it waits for the build
    assert tests == ["test", "--indirect-selection=cautious", "--select", "source:*"]


def test_a_build_takes_everything_but_what_the_check_tested() -> None:
    build, docs = steps("build", "", "")
    assert build == ["build", "--indirect-selection=cautious", "--exclude", "source:*"]
    assert docs[:2] == ["docs", "generate"]


def test_a_build_can_be_narrowed() -> None:
    build, _ = steps("build", "marts stg_tasks+", "agg_cycle_time")
    assert build[2:] == ["--select", "marts", "stg_tasks+", "--exclude", "source:*", "agg_cycle_time"]


def test_another_command_is_refused() -> None:
    with pytest.raises(SystemExit, match="DBT_COMMAND has to be build or check, not 'run'"):
        steps("run", "", "")
