"""The numbers of Athena's error catalog: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html"""

import pytest

from infra.local.athena.error_types import error_type
from infra.local.athena.errors import OTHER, OUT_OF_MEMORY, SYSTEM, USER


@pytest.mark.parametrize(
    ("failure", "category", "expected"),
    [
        ("ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: branch main has changed", OTHER, 233),
        (f"{OUT_OF_MEMORY}: 2 GB", SYSTEM, 0),
        ("SYNTAX_ERROR: line 1:8: mismatched input", USER, 1006),
        ("FAILED: SemanticException table is partitioned", USER, 1003),
        ("Insufficient permissions to execute the query.", USER, 1500),
        ("DIVISION_BY_ZERO: Division by zero", USER, 1000),
        ("something unforeseen", SYSTEM, 200),
        ("something of others", OTHER, 9999),
    ],
)
def test_a_failure_has_the_number_of_its_kind(failure: str, category: int, expected: int) -> None:
    assert error_type(failure, category) == expected
