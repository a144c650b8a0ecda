"""The fault matrix: what each fault stops, how it is noticed, and the command that repairs it; each with its test.

python -m tests.faults            writes docs/faults.md
python -m tests.faults --check    exits 1 when the page is not as it would be written

`tests/unit/test_faults.py` holds that every test exists, every alarm is in the templates of prod, and every command is
one of the program. A row whose test is removed fails there.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from infra import ROOT
from transforms.silver.job import ACCEPT_REJECTS

PAGE = ROOT / "docs" / "faults.md"
PIPELINE = "todo-insights-pipeline"
REDRIVE = "insights pipeline redrive --wait"
START = "insights pipeline start --wait"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One row.

    Args:
        fault: what goes wrong.
        stops: what does not happen because of it.
        goes_on: what happens all the same.
        alarm: the alarm that goes off; empty: none is needed.
        command: what repairs it; empty: it repairs itself.
        result: what holds afterwards.
        test: the test that injects it, `path::name`.
    """

    fault: str
    stops: str
    goes_on: str
    alarm: str
    command: str
    result: str
    test: str


SILVER = "tests/integration/transforms/test_silver_"
WINDOW = "tests/integration/orchestration/test_window.py::"
MACHINE = "tests/integration/orchestration/test_pipeline.py::"
DELIVERIES = "tests/unit/ingestion/test_webhook_deliveries.py::"
POSTS = "tests/unit/ingestion/test_webhook_posts.py::"
# rows whose own test types the command
TYPED = frozenset({"Each stage fails once in one execution"})
FAULTS = (
    Fault(
        "A few lines of bronze break their contract",
        "These lines",
        "The run; all other lines",
        "todo-silver-rejects",
        "",
        "Each line is counted by one run",
        f"{SILVER}bad_input.py::test_what_breaks_the_contract_is_rejected_with_its_reason_and_without_its_words",
    ),
    Fault(
        "More than 20 lines and more than 1 % break it",
        "The run, before gold",
        "All other lines are merged",
        f"{PIPELINE}-BuildSilver-failed",
        ACCEPT_REJECTS,
        "Silver is what the other lines say",
        f"{SILVER}bad_input.py::test_many_rejects_stop_every_run_until_one_tolerates_them",
    ),
    Fault(
        "A table of silver was dropped, or its metadata file is gone",
        "The run, before it writes anything",
        "Readers of gold",
        f"{PIPELINE}-BuildSilver-failed",
        "insights pipeline start --rebuild users --wait",
        "The table equals one that was never lost",
        f"{SILVER}rebuilds.py::test_a_table_that_has_lost_its_history_stops_the_run_until_it_is_rebuilt",
    ),
    Fault(
        "An object of bronze is truncated, or no gzip file",
        "This object",
        "The run; all other objects",
        "todo-silver-unreadable-objects",
        "insights replay --queue unreadable",
        "Silver is what all objects say",
        f"{SILVER}bad_input.py::test_an_object_that_cannot_be_read_is_moved_away_by_name_and_comes_back_when_it_is_mended",
    ),
    Fault(
        "An object vanishes between listing and reading",
        "This object",
        "The run; all other objects",
        "todo-silver-unreadable-objects",
        "insights backfill --full",
        "The object is named in the run's report",
        f"{SILVER}runs.py::test_an_object_that_is_gone_since_the_manifest_was_written_is_left_out",
    ),
    Fault(
        "The job dies between two tables",
        "The run",
        "Each table is whole",
        f"{PIPELINE}-BuildSilver-failed",
        REDRIVE,
        "Silver is what the history says",
        f"{SILVER}runs.py::test_a_crash_between_two_merges_is_made_good_by_the_next_run",
    ),
    Fault(
        "A full refresh is killed",
        "The refresh",
        "The old tables stay",
        f"{PIPELINE}-BuildSilver-failed",
        REDRIVE,
        "Nothing of the refresh is left in the catalog",
        f"{SILVER}rebuilds.py::test_what_a_killed_rebuild_has_left_is_dropped_by_the_next_run",
    ),
    Fault(
        "A required column has no value for old rows",
        "The run",
        "Readers of silver and gold",
        f"{PIPELINE}-BuildSilver-failed",
        "insights pipeline start --full-refresh --wait",
        "The column is in every row",
        f"{SILVER}contract_changes.py::test_a_required_column_is_rolled_out_by_a_full_refresh",
    ),
    Fault(
        "Changes and removals are lost from the stream",
        "These changes",
        "Everything else",
        "todo-reconcile-differences",
        "insights backfill --full",
        "Gold's tests pass, and its figures equal those of an undisturbed run",
        "tests/integration/transforms/dbt/test_recovered_changes.py"
        "::test_gold_is_right_after_lost_changes_came_back_as_snapshots",
    ),
    Fault(
        "Objects come to old folders of bronze",
        "These objects, for a day",
        "Everything else",
        "",
        "",
        "The first run of the next day reads them",
        f"{WINDOW}test_what_comes_to_an_old_folder_is_found_by_the_first_run_of_the_next_day",
    ),
    Fault(
        "An older execution is redriven after a newer one",
        "Nothing",
        "Both",
        "",
        "",
        "The watermark does not move back",
        f"{WINDOW}test_an_older_run_that_is_redriven_does_not_move_the_watermark_back",
    ),
    Fault(
        "Maintenance and executions want silver at once",
        "Whoever comes second, for one slice",
        "Whoever holds the run lock",
        "",
        "",
        "They take turns, and a killed holder blocks nobody for long",
        f"{WINDOW}test_maintenance_holds_the_lock_on_a_lease_and_comes_before_executions_that_follow_each_other",
    ),
    Fault(
        "Two executions start at once",
        "The second one, until the first has ended",
        "The first one",
        "",
        "",
        "One run after the other",
        f"{MACHINE}test_two_starts_at_once_are_one_run_after_the_other",
    ),
    Fault(
        "The crawl fails",
        "Newest partitions for analysts",
        "Silver, gold and publishing",
        f"{PIPELINE}-CrawlBronze-failed",
        START,
        "The next run crawls what is missing",
        f"{MACHINE}test_a_crawl_that_fails_is_reported_and_gold_is_built_and_published",
    ),
    Fault(
        "The silver job raises",
        "The run",
        "Readers of gold",
        f"{PIPELINE}-BuildSilver-failed",
        REDRIVE,
        "The message names the job's own error",
        f"{MACHINE}test_a_job_that_raises_is_named_with_its_message",
    ),
    Fault(
        "A build of gold fails",
        "The models after the one that failed",
        "The last good table of each model",
        f"{PIPELINE}-BuildGold-failed",
        REDRIVE,
        "The message names each model and test",
        f"{MACHINE}test_a_build_that_fails_is_named_with_what_failed_in_it",
    ),
    Fault(
        "A function stays throttled",
        "The run",
        "What was built before",
        f"{PIPELINE}-PublishInsights-failed",
        REDRIVE,
        "The redrive publishes",
        f"{MACHINE}test_a_function_that_stays_throttled_is_tried_again_then_named_and_a_redrive_goes_on",
    ),
    Fault(
        "The topic of the operators is gone",
        "The message",
        "The alarm of the state",
        f"{PIPELINE}-NotifyOperators-failed",
        "insights deploy --revert-drift",
        "The execution still ends with the state's name",
        f"{MACHINE}test_a_topic_that_is_gone_does_not_hide_the_failure",
    ),
    Fault(
        "One user's row cannot be published",
        "This user's figures",
        "Everyone else's",
        "todo-publish-insights-skipped",
        START,
        "All other rows are published",
        "tests/integration/orchestration/test_publish.py::test_a_row_that_cannot_be_published_stops_nobody_else",
    ),
    Fault(
        "Request logs cannot be transformed",
        "These request logs",
        "All others",
        "todo-logs-not-transformed",
        "insights replay --queue logs",
        "They are in bronze once",
        "tests/integration/ingestion/test_undelivered_logs.py"
        "::test_what_could_not_be_transformed_is_in_bronze_once_it_can",
    ),
    Fault(
        "Change capture fails in six ways: throttled, crashed, poisoned, repeated, reordered, too long",
        "Records that can never be delivered",
        "All others",
        "todo-cdc-quarantine-not-empty",
        "insights replay --queue cdc",
        "Every change is in bronze",
        "tests/e2e/story/test_1_faults.py::test_no_fault_loses_a_change",
    ),
    Fault(
        "Change capture is refused for hours",
        "Changes, until Lambda gives them up; they are kept in bronze",
        "Writes of tasks; gold as it was",
        "todo-cdc-failures-not-empty",
        "insights replay --queue cdc",
        "Every change is in silver once",
        "tests/e2e/story/test_1_faults.py::test_no_fault_loses_a_change",
    ),
    Fault(
        "Each stage fails once in one execution",
        "The execution, five times",
        "What was built before",
        f"{PIPELINE}-PublishInsights-failed",
        REDRIVE,
        "Silver and gold are the table",
        "tests/e2e/story/test_2_redrive.py::test_each_stage_fails_once_and_the_same_execution_succeeds",
    ),
    Fault(
        "A receiver of a webhook fails, redirects or does not answer",
        "Events for this webhook",
        "Events for every other webhook",
        "",
        "",
        "It gets every event once it answers",
        f"{DELIVERIES}test_a_receiver_that_recovers_gets_every_event_and_the_other_one_never_waits",
    ),
    Fault(
        "It does so for 24 hours",
        "Events for this webhook, until its owner enables it",
        "Events for every other webhook",
        "",
        "",
        "It is disabled, and says why",
        f"{DELIVERIES}test_a_receiver_that_fails_for_a_day_is_disabled_with_the_reason",
    ),
    Fault(
        "A receiver sends its answer one byte at a time",
        "Events for this webhook",
        "Events for every other webhook",
        "",
        "",
        "An attempt ends after five seconds",
        f"{POSTS}test_a_receiver_that_hangs_or_drips_takes_no_longer_than_the_time_limit",
    ),
    Fault(
        "The name of a receiver leads to a private address, before or after the check",
        "Events for this webhook",
        "Events for every other webhook",
        "",
        "",
        "Nothing is sent to that address",
        f"{POSTS}test_a_name_that_moves_after_the_check_changes_nothing",
    ),
    Fault(
        "The queue of webhooks throttles or fails",
        "Events of the changes that the queue did not take",
        "Writes of tasks, and events that are in the queue",
        "todo-webhooks-fan-out-iterator-age",
        "",
        "The stream hands the changes over again, and every receiver gets them",
        "tests/integration/api/test_webhooks.py::test_a_queue_that_throttles_loses_nothing",
    ),
    Fault(
        "The local account is stopped during a run",
        "The execution",
        "All data is kept",
        "",
        REDRIVE,
        "`down` names the execution",
        "tests/integration/local/account/test_lifecycle.py::test_an_account_goes_up_down_and_up_again_with_its_state",
    ),
)


def text() -> str:
    """The page, Markdown."""
    rows = [
        f"| {one.fault} | {one.stops} | {one.goes_on} | {_alarm(one.alarm)} | {_code(one.command)} | {one.result} | "
        f"`{one.test.rpartition('::')[2]}` | {_shown(one)} |"
        for one in FAULTS
    ]
    introduction = (
        "Written by `python -m tests.faults`. Each row has a test that injects the fault. Where the last column says "
        "*typed*, `make bad-days` and `make year` inject it on a deployed platform, too: they wait for the alarm, type "
        "the command as it is here, and compare table, silver, gold and `/insights` with the answers of the API. Where "
        "it says *called*, the test calls what the command calls. `insights why` names the cause and the next command."
    )
    header = [
        "| fault | stops | goes on | alarm | command | result | test | the command is |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n\n".join(["# Faults", introduction, "\n".join([*header, *rows])]) + "\n"


def _shown(fault: Fault) -> str:
    """How the row's command is shown to repair it."""
    from tests.year.incidents import INCIDENTS  # which reads the rows

    if not fault.command:
        return "none"
    return "typed" if fault.fault in {one.name for one in INCIDENTS} | TYPED else "called"


def _alarm(name: str) -> str:
    return f"[`{name}`](runbooks/{name}.md)" if name else "none"


def _code(command: str) -> str:
    return f"`{command}`" if command else "none: it repairs itself"


def main(argv: Sequence[str]) -> int:
    """Write or check the page; the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/faults.md.")
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args(argv).check:
        PAGE.write_text(text())
        return 0
    return int(PAGE.read_text() != text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
