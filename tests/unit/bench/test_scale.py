"""docs/scale.md follows from the committed figures; the model's arithmetic."""

import pytest

from infra.cost_model import Usage
from tests.bench.report import results
from tests.bench.scale import page
from tests.bench.scale.limits import limits
from tests.bench.scale.model import Load, Slopes, dollars, fit

SLOPES = Slopes(
    silver_fixed=60, silver_event=0.001, gold_fixed=30, gold_event=0.0005, gold_history=1e-7, scan_fixed=1e6,
    scan_event=500, scan_history=2, dynamodb_calls=0.05, records=50_000,
)  # fmt: skip


def test_the_page_follows_from_the_committed_figures() -> None:
    assert page.PAGE.read_text() == page.text(results.read()), "`make bench` writes docs/scale.md"


def test_a_line_through_two_points_is_never_negative() -> None:
    assert fit([(0, 10), (100, 30)]) == (10, 0.2)
    assert fit([(0, 10), (100, 5)]) == (10, 0)
    assert fit([(10, 1), (20, 30)]) == (0, 2.9)
    with pytest.raises(ValueError, match="two sizes"):
        fit([(5, 1), (5, 2)])


def test_limits_are_in_the_order_in_which_they_are_reached() -> None:
    found = limits(SLOPES, Load(), Usage())
    users = [limit.users for limit in found]
    assert users == sorted(users)
    silver = next(limit for limit in found if limit.stage == "silver")
    # 3,540 s are left for 1 ms an event, of 1.25 events a user in the busiest hour
    assert silver.users == pytest.approx(3540 / 0.001 / (20 * 0.3 * 5 / 24))
    assert all(limit.source.startswith("https://docs.aws.amazon.com/") for limit in found)


def test_ten_times_the_users_cost_more_and_less_each() -> None:
    small, large = (sum(dollars(users, SLOPES, Load(), Usage()).values()) for users in (10_000, 100_000))
    assert small < large < 10 * small
