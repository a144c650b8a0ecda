"""Which of dbt's commands a build of the pipeline comes to."""

from transforms.dbt.runner import steps

BUILD = ["build", "--exclude-resource-type", "unit_test"]


def test_the_first_build_of_a_day_looks_at_every_row_and_documents_what_there_is() -> None:
    freshness, build, docs = steps("", "", every_row=True)
    assert freshness == ["source", "freshness"]
    assert build == BUILD
    assert docs[:2] == ["docs", "generate"]


def test_tables_are_compacted_after_the_documentation() -> None:
    *_, compaction = steps("", "", every_row=True, compact=True)
    assert compaction == ["run-operation", "compact_tables"]


def test_another_build_leaves_out_what_reads_whole_tables() -> None:
    _, build = steps("", "", every_row=False)
    assert build == [*BUILD, "--exclude", "tag:every_row"]


def test_another_build_may_leave_out_views_but_not_their_tests() -> None:
    _, build = steps("", "", every_row=False, views=False)
    left_out = ["--exclude", "tag:every_row", "config.materialized:view,source:silver+"]
    assert build == [*BUILD, *left_out, "--indirect-selection", "empty"]


def test_a_build_can_be_narrowed() -> None:
    _, build, _ = steps("marts stg_tasks+", "agg_cycle_time", every_row=True)
    assert build == [*BUILD, "--select", "marts", "stg_tasks+", "--exclude", "agg_cycle_time"]
