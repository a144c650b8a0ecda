"""Figures of pages are those of code, settings and templates; a wrong one, and one without a rule, are found."""

import pytest

from tests.lint.figures import outside
from tests.lint.page_figures import check_page, check_repository, read_number, read_prose


def test_every_figure_of_every_page_is_checked() -> None:
    assert check_repository() == []


@pytest.mark.parametrize(
    ("page", "finding"),
    [
        ("A deleted task can be restored for 31 days.", "says 31, but api's RESTORABLE is 30"),
        ("It imports ten weeks of history.", "says 10, but infra.local.demo.history.DAYS is 12"),
        ("Python 3.10, 3.12 or 3.13", "says 3.10, 3.12, 3.13, but what `insights doctor` accepts is 3.11, 3.12, 3.13"),
        ("when port 4567 is taken", "says 4567, but the local account's default port is 4566"),
        ("Thirty-four questions are saved", "says 34, but the number of files in transforms/bi/queries is 35"),
        ("| table, four buckets, two Glue databases, two secrets |", "but the number in TodoDataStack is 4, 3, 3"),
        ("would scan more than 100 GiB is cancelled (staging: 50, dev: 20)", "athena_scan_limit_gib is 100, 50, 10"),
        ("A batch that takes 90 seconds is delivered again.", "nothing checks the figure 90"),
        ("It is refused with 418.", "nothing checks the figure 418"),
        ("There are seventeen of them, or twelve.", "nothing checks the figure twelve"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(page: str, finding: str) -> None:
    (found,) = check_page(page)
    assert finding in found


def test_a_rule_about_no_page_is_found() -> None:
    assert "no page has `nowhere (9)`: delete the rule" in check_repository([outside("nowhere (9)", "nothing")])


def test_what_is_run_generated_or_a_name_is_no_figure_of_the_prose() -> None:
    page = "## 1. Step\n\n1. See [0062](adrs/0062.md) and `limit=50`.\n\n```sh\nsleep 7\n```\n"
    assert read_prose(page) == "See [record] and `limit=##`."
    assert list(check_page(page)) == []


@pytest.mark.parametrize(
    ("text", "number"), [("2,000", "2000"), ("Thirty-five", "35"), ("99.9", "99.9"), ("ten", "10")]
)
def test_numbers_are_read(text: str, number: str) -> None:
    assert read_number(text) == number
