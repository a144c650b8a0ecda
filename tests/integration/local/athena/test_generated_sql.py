"""Twenty seconds of generated SQL: every statement ends with rows or with one of Athena's errors."""

import pytest

from tests.integration.local.athena.conftest import Queries
from tests.sql_fuzz.run import prepare, run

pytestmark = pytest.mark.account

SEED, SECONDS = 20261129, 20.0


def test_generated_statements_end_clearly(athena: Queries) -> None:
    prepare(athena)
    report = run(athena, SEED, SECONDS)
    assert report.unclear == []
    assert report.codes["ok"] > report.count / 3
    assert athena.rows("select 1") == [["1"]]
