"""What pages name exists, and a page that names what does not is refused."""

import pathlib

import pytest

from infra import ROOT
from tests.lint import page_references
from tests.lint.page_references import check_page, check_repository, command

PAGE = pathlib.PurePath("docs/page.md")


def test_every_page_names_only_what_exists() -> None:
    assert check_repository() == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[how](operat.md)", "the link to operat.md leads nowhere"),
        ("[how](operate.md#a-heading-that-is-gone)", "operate.md has no heading for #a-heading-that-is-gone"),
        ("[above](#nowhere)", "page.md has no heading for #nowhere"),
        ("Run `make deploi`.", "there is no make target `deploi`"),
        ("```sh\nmake deploi\n```", "there is no make target `deploi`"),
        ("Run `insights pipeline strat`.", "there is no command for `insights pipeline strat`"),
        ("```sh\n.venv/bin/insights status --jsn\n```", "`insights status` has no --jsn"),
        ("Look at `todo_silver.tassks`.", "there is no table `tassks`"),
        ("See `infra/stacks/alarm.py`.", "there is no file `infra/stacks/alarm.py`"),
        ("Set `INSIGHTS_LOCAL_PROT=4567`.", "nothing reads the variable `INSIGHTS_LOCAL_PROT`"),
        ("```sh\naws dynamdb list-tables\n```", "there is no service for `aws dynamdb list-tables`"),
        ("```sh\naws dynamodb list-table\n```", "there is no operation for `aws dynamodb list-table`"),
        ("```sh\naws glue start-job-run --job-name todo-silver --now\n```", "`aws glue start-job-run` has no --now"),
        ("```sh\naws glue get-job-runs --max-results 3\n```", "`aws glue get-job-runs` needs --job-name"),
        ("```sh\naws glue start-job-run --job-name todo-sliver\n```", "no resource or alarm is called `todo-sliver`"),
        ("```sh\naws logs tail /aws/lambda/todo-cdc --sinse 1h\n```", "`aws logs tail` has no --sinse"),
        ("Alarm `todo-api-6xx` is on.", "no resource or alarm is called `todo-api-6xx`"),
    ],
)
def test_a_planted_fault_is_found(text: str, finding: str) -> None:
    assert list(check_page(PAGE, text)) == [finding]


@pytest.mark.parametrize(
    "text",
    [
        "# A heading\n\n[here](#a-heading), [there](operate.md#backfill), [outside](../README.md)",
        "`make dbt ARGS=…`, `insights pipeline`, `insights pipeline start --wait`, `insights dbt build --select x`",
        "`todo_silver.tasks`, `infra/stacks/alarms`, `todo-api-5xx`, `todo-insights-pipeline`, `todo-pipeline-page`",
        "`docs/new.md`:\n\n```text\nwritten by the reader\n```",
    ],
)
def test_what_exists_is_not_refused(text: str) -> None:
    assert list(check_page(PAGE, text)) == []


def test_history_may_name_files_that_are_gone() -> None:
    assert list(check_page(pathlib.PurePath("docs/adrs/0001.md"), "`transforms/dbt/gone.sql`")) == []


def test_calls_are_found_where_people_read_them() -> None:
    page = (ROOT / "docs" / "tutorials" / "rest-client.md").read_text()
    assert any(call.startswith("insights login demo-1@example.com --password") for call in page_references.calls(page))
    assert command("insights --target aws pipeline start --wait") == "insights pipeline start"
    assert command("insights pipeline strat") is None
