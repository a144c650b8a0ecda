"""Every saved query on gold of known rows: its answer, worked out by hand from `known`."""

import pytest

from tests.integration.transforms.bi.expected_rows import EXPECTED_ROWS
from tests.integration.transforms.bi.gold_database import Gold
from transforms.bi.saved_queries import SavedQuery, all_queries
from transforms.bi.scan_estimate.estimate import estimate

pytestmark = pytest.mark.account
# Trino reads of a common table expression what each mention needs, the local account what any of them needs
COUNTED_TOO_HIGH = {"active_users_per_day"}


def test_every_query_has_an_answer_here() -> None:
    assert sorted(EXPECTED_ROWS) == sorted(query.name for query in all_queries())
    assert len(EXPECTED_ROWS) >= 20


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: query.name)
def test_a_saved_query_answers_what_the_rows_say(known_gold: Gold, query: SavedQuery) -> None:
    execution = known_gold.queries.run(query.sql)
    found = known_gold.queries.results(execution)["ResultSet"]
    header, *rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["Rows"]]
    assert query.chart.columns() <= set(header)
    assert rows == EXPECTED_ROWS[query.name]
    scanned = execution["Statistics"]["DataScannedInBytes"]
    expected = estimate(query.sql, known_gold.name, lambda sql, _: known_gold.queries.rows(sql)).scanned
    if query.name in COUNTED_TOO_HIGH:
        assert scanned / 2 <= expected < scanned
    else:
        assert expected == pytest.approx(scanned, rel=0.1)
