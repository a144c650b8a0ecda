"""Cursors cannot be read by meaning, made up, or carried elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import CursorInvalid
from api.services.cursors import Cursors

CURSORS = Cursors(lambda: b"key")
QUERY = {"status": "pending"}


@given(position=st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ#-", min_size=1, max_size=60))
def test_a_cursor_leads_back_to_its_position(position: str) -> None:
    cursor = CURSORS.issue("u", QUERY, position)
    assert CURSORS.position("u", QUERY, cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("user", "query", "key"),
    [("v", QUERY, b"key"), ("u", {}, b"key"), ("u", {"status": "completed"}, b"key"), ("u", QUERY, b"other")],
)
def test_a_cursor_is_bound_to_user_query_and_key(user: str, query: dict[str, str], key: bytes) -> None:
    cursor = CURSORS.issue("u", QUERY, "position")
    with pytest.raises(CursorInvalid):
        Cursors(lambda: key).position(user, query, cursor)


@given(st.text(max_size=80))
def test_what_was_not_issued_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.position("u", QUERY, text)


@given(st.integers(0, 35), st.characters(categories=["Lu", "Ll", "Nd"], codec="ascii"))
def test_no_character_of_a_cursor_can_be_changed(index: int, character: str) -> None:
    cursor = CURSORS.issue("u", QUERY, "01ARZ3NDEKTSV4")  # 30 bytes: base64 without spare bits
    changed = cursor[:index] + character + cursor[index + 1 :]
    if changed != cursor:
        with pytest.raises(CursorInvalid):
            CURSORS.position("u", QUERY, changed)
