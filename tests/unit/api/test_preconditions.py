"""Entity tags as RFC 9110 has them."""

import pytest

from api.problems import InvalidHeader, PreconditionFailed
from api.services.preconditions import entity_tag, is_known, require_match


@pytest.mark.parametrize("header", [None, "*", '"3"', '"1", "3"', ' "3" ', '"2","3","4"', 'W/"1", "3"'])
def test_a_write_passes_when_its_version_is_current(header: str | None) -> None:
    require_match(header, 3)


@pytest.mark.parametrize("header", ['"2"', 'W/"3"', '"33"', '""', '"2", "4"'])
def test_a_write_fails_when_it_is_not_or_the_tag_is_weak(header: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        require_match(header, 3)
    assert caught.value.headers["ETag"] == '"3"'


@pytest.mark.parametrize(
    ("header", "known"),
    [(None, False), ("*", True), ('"3"', True), ('W/"3"', True), ('"1", W/"3"', True), ('"2"', False), ('""', False)],
)
def test_a_reader_is_compared_weakly(header: str | None, known: bool) -> None:
    assert is_known(header, 3) is known


@pytest.mark.parametrize("header", ["3", "", '"3', '"3" "4"', '"3",', ',"3"', "**", 'w/"3"'])
def test_what_is_no_list_of_tags_is_refused_by_name(header: str) -> None:
    for check, name in ((require_match, "If-Match"), (is_known, "If-None-Match")):
        with pytest.raises(InvalidHeader) as caught:
            check(header, 3)
        assert caught.value.errors[0]["field"] == name


def test_tags_are_strong() -> None:
    assert entity_tag(7) == '"7"'
