"""What an invocation's result means for its batch, case by case."""

import time
from typing import Any

import pytest

from infra.local.streams import delivery
from infra.local.streams.delivery import Batch

PARTIAL = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def batch(*ages: int) -> Batch:
    """Records `0`, `1`, … of the given ages in seconds, at positions 10, 11, …; the next batch begins at 20."""
    records = [
        {"dynamodb": {"SequenceNumber": str(index), "ApproximateCreationDateTime": int(time.time()) - age}}
        for index, age in enumerate(ages)
    ]
    return Batch(records, list(range(10, 10 + len(ages))), 20)


def named(*identifiers: str | None) -> dict[str, Any]:
    return {"body": {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}}


@pytest.mark.parametrize(
    ("mapping", "result", "expected"),
    [
        (PARTIAL, {"error": True, "body": {"errorMessage": "no"}}, 0),
        (PARTIAL, {"body": None}, None),
        (PARTIAL, {"body": {}}, None),
        (PARTIAL, {"body": {"batchItemFailures": []}}, None),
        (PARTIAL, {"body": '{"batchItemFailures": [{"itemIdentifier": "1"}]}'}, 1),
        (PARTIAL, {"body": "not JSON"}, 0),
        (PARTIAL, {"body": [1]}, 0),
        (PARTIAL, named("2", "1"), 1),
        (PARTIAL, named("2", "of another batch"), 0),
        (PARTIAL, named(""), 0),
        (PARTIAL, named(None), 0),
        ({}, named("1"), None),
    ],
)
def test_the_retry_starts_at_the_first_record_that_failed(
    mapping: dict[str, Any], result: dict[str, Any], expected: int | None
) -> None:
    assert delivery.first_failure(mapping, batch(0, 0, 0), result) == expected


def test_a_split_batch_covers_the_same_section_of_the_stream() -> None:
    first, second = batch(0, 0, 0).split(1)

    assert (first.positions, first.end) == ([10], 11)
    assert (second.positions, second.end) == ([11, 12], 20)


@pytest.mark.parametrize(("limit", "expected"), [(None, 0), (-1, 0), (60, 2), (10, 3), (1000, 0)])
def test_only_the_oldest_records_expire(limit: int | None, expected: int) -> None:
    assert delivery.expired({"MaximumRecordAgeInSeconds": limit}, batch(300, 200, 20)) == expected


@pytest.mark.parametrize(
    ("attempts", "failures", "expected"),
    [(None, 99, False), (-1, 99, False), (2, 2, False), (2, 3, True), (0, 1, True)],
)
def test_a_batch_is_given_up_after_its_retries(attempts: int | None, failures: int, expected: bool) -> None:
    tried = batch(0)
    tried.failures = failures

    assert delivery.exhausted({"MaximumRetryAttempts": attempts}, tried) is expected
