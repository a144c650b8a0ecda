"""A suite's outcomes beside the list of those that are expected."""

import pathlib

import pytest

from tests.peers.outcomes import Expected, Outcomes

LIST = """
[[group]]
reason = "no such service"
outside = true
tests = ["a::never"]

[[group]]
reason = "not isolated"
racing = true
tests = ["a::at_once"]

[[group]]
reason = "differs"
tests = ["a::other"]
"""


@pytest.fixture
def expected(tmp_path: pathlib.Path) -> Expected:
    (tmp_path / "expected.toml").write_text(LIST)
    return Expected.read(tmp_path / "expected.toml")


def test_what_is_listed_and_fails_is_no_difference(expected: Expected) -> None:
    outcomes = Outcomes({"a::good"}, {"a::never": "x", "a::at_once": "x", "a::other": "x"}, set())
    assert outcomes.unexpected(expected) == []
    assert outcomes.summary(expected) == {"passed": 1, "failed": 2, "outside": 1, "skipped": 0, "passed_pct": 33.33}


def test_a_new_failure_and_a_listed_test_that_passes_are_differences_but_for_a_race(expected: Expected) -> None:
    outcomes = Outcomes({"a::other", "a::at_once"}, {"a::good": "assert 1 == 2"}, set())
    assert outcomes.unexpected(expected) == [
        "fails: a::good: assert 1 == 2",
        "passes, remove it from the list: a::other",
    ]
