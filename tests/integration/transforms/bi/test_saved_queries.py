"""Every saved query on gold of known rows: its answer, worked out by hand from `known`."""

import pytest

from tests.integration.transforms.bi.expected_rows import EXPECTED_ROWS
from tests.integration.transforms.bi.gold_database import Gold
from transforms.bi.saved_queries import SavedQuery, all_queries

pytestmark = pytest.mark.account


def test_every_query_has_an_answer_here() -> None:
    assert sorted(EXPECTED_ROWS) == sorted(query.name for query in all_queries())
    assert len(EXPECTED_ROWS) >= 20


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: query.name)
def test_a_saved_query_answers_what_the_rows_say(known_gold: Gold, query: SavedQuery) -> None:
    found = known_gold.queries.results(known_gold.queries.run(query.sql))["ResultSet"]
    header, *rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["Rows"]]
    assert query.chart.columns() <= set(header)
    assert rows == EXPECTED_ROWS[query.name]
