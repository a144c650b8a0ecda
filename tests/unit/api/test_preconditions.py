"""Conditional requests as RFC 9110, section 13, has them."""

import pytest

from api.models.entity_tags import parse_entity_tags
from api.models.user import User
from api.problems import InvalidHeader, PreconditionFailed
from api.services.preconditions import Preconditions, task_tag, user_tag

AT = "2026-11-24T10:00:00.000000Z"


@pytest.mark.parametrize("header", [None, "*", '"3"', '"1", "3"', ' "3" ', '"2","3","4"', 'W/"1", "3"'])
def test_a_write_passes_when_its_version_is_current(header: str | None) -> None:
    Preconditions.parse(header).require('"3"')


@pytest.mark.parametrize("header", ['"2"', 'W/"3"', '"33"', '""', '"2", "4"'])
def test_a_write_fails_when_it_is_not_or_the_tag_is_weak(header: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        Preconditions.parse(header).require('"3"')
    assert caught.value.headers["ETag"] == '"3"'


@pytest.mark.parametrize("header", ["*", '"1"'])
def test_if_match_is_false_when_there_is_no_representation(header: str) -> None:
    with pytest.raises(PreconditionFailed):
        Preconditions.parse(header).require(None)


@pytest.mark.parametrize(("header", "passes"), [("*", False), ('"3"', False), ('W/"3"', False), ('"2"', True)])
def test_a_write_is_held_to_if_none_match_by_weak_comparison(header: str, passes: bool) -> None:
    conditions = Preconditions.parse(None, header)
    conditions.require(None)
    if passes:
        conditions.require('"3"')
        return
    with pytest.raises(PreconditionFailed):
        conditions.require('"3"')


@pytest.mark.parametrize(
    ("header", "not_modified"),
    [(None, False), ("*", True), ('"3"', True), ('W/"3"', True), ('"1", W/"3"', True), ('"2"', False), ('""', False)],
)
def test_a_reader_is_compared_weakly(header: str | None, not_modified: bool) -> None:
    assert Preconditions.parse(None, header).is_not_modified('"3"') is not_modified


def test_if_match_comes_before_if_none_match() -> None:
    with pytest.raises(PreconditionFailed):
        Preconditions.parse('"2"', '"3"').is_not_modified('"3"')
    assert Preconditions.parse('"3"', '"3"').is_not_modified('"3"')


@pytest.mark.parametrize("header", ["3", "", '"3', '"3" "4"', '"3",', ',"3"', "**", 'w/"3"'])
def test_what_is_no_list_of_tags_is_refused_by_name(header: str) -> None:
    for name, headers in (("If-Match", (header, None)), ("If-None-Match", (None, header))):
        with pytest.raises(InvalidHeader) as caught:
            Preconditions.parse(*headers)
        assert caught.value.errors[0]["field"] == name


def test_a_tag_names_one_version_of_one_generation_of_one_owner() -> None:
    def user(user_id: str, created_at: str, version: int) -> User:
        return User(user_id=user_id, created_at=created_at, updated_at=created_at, version=version)

    later = AT.replace("10:00", "11:00")
    users = [user("a", AT, 1), user("b", AT, 1), user("a", later, 1), user("a", AT, 2)]
    assert len({user_tag(one) for one in users}) == 4
    assert all(parse_entity_tags(user_tag(one)) == (user_tag(one),) for one in users)
    assert task_tag(7) == '"7"'
