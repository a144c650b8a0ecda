"""The contract's constraints on what clients send."""

import datetime as dt
import json
import pathlib
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.contract import TASK_ATTRIBUTES
from api.models.fields import Category, Email, Label, SearchText, Title, moment, timestamp
from api.models.task import NewTask, Task, TaskChanges, TaskUpdate
from api.models.task_query import TaskQuery
from api.settings import Settings

# Python's, and the one that only ECMAScript has
SPACES = "".join(filter(str.isspace, map(chr, range(0x10000)))) + "\ufeff"


@pytest.mark.parametrize("kind", [Title, Category, Label, SearchText])
@given(text=st.text(alphabet=st.sampled_from("aé🥛,\x00" + SPACES), max_size=5))
def test_the_schema_and_the_validator_agree(kind: Any, text: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    schema_accepts = jsonschema.Draft202012Validator(adapter.json_schema()).is_valid(text)
    try:
        adapter.validate_python(text)
    except ValidationError:
        assert not schema_accepts
    else:
        assert schema_accepts


@pytest.mark.parametrize("space", SPACES)
def test_what_any_dialect_takes_for_white_space_says_nothing(space: str) -> None:
    for kind, text in ((Title, space), (SearchText, space), (Email, f"a{space}b@example.com")):
        adapter: TypeAdapter[str] = TypeAdapter(kind)
        assert r"\s" not in adapter.json_schema()["pattern"]
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@given(
    title=st.text(min_size=1, max_size=200, alphabet=st.characters(exclude_characters="\x00", codec="utf-8")).filter(
        lambda title: title.strip(SPACES)
    )
)
def test_any_printable_title_is_kept_as_it_is(title: str) -> None:
    assert NewTask.model_validate({"title": title}).title == title


def test_lengths_count_characters_not_bytes() -> None:
    assert NewTask(title="🥛" * 200).title
    with pytest.raises(ValidationError, match="200 characters"):
        NewTask(title="🥛" * 201)


def test_defaults_of_a_new_task() -> None:
    given = {"title": "x", "status": "pending", "priority": "medium", "labels": []}
    assert NewTask(title="x").model_dump(mode="json") == dict.fromkeys(NewTask.model_fields) | given


def test_changes_are_what_was_named_and_nothing_else() -> None:
    changes = TaskChanges.model_validate({"category": None, "priority": "low"})
    assert changes.given() == {"category": None, "priority": "low"}
    assert TaskChanges.model_validate({}).given() == {}


@pytest.mark.parametrize("field", ["title", "status", "priority"])
def test_what_a_task_must_have_cannot_be_cleared(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        TaskChanges.model_validate({field: None})


def test_a_validation_error_does_not_quote_its_input() -> None:
    with pytest.raises(ValidationError) as caught:
        NewTask.model_validate({"title": ["very private"], "other": "also private"})
    assert "private" not in str(caught.value)


def test_a_query_s_parameters_leave_paging_out() -> None:
    given = {"status": "pending", "overdue": "false", "due_before": "2026-12-01", "q": "ẞ", "sort": "-due_date"}
    query = TaskQuery.model_validate({**given, "status": ["pending"], "limit": "7", "cursor": "c"})
    assert query.given_parameters() == given
    assert query.limit == 7


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (["pending"], "pending"),
        (["pending,in_progress"], "in_progress,pending"),
        (["in_progress", "pending"], "in_progress,pending"),
        (["pending", "pending,pending"], "pending"),
        (["pending", "in_progress,completed", "cancelled"], "cancelled,completed,in_progress,pending"),
    ],
)
def test_a_filter_s_values_are_a_set_however_they_are_sent(sent: list[str], taken: str) -> None:
    assert TaskQuery.model_validate({"status": sent}).given_parameters() == {"status": taken}


@pytest.mark.parametrize(
    "given_",
    [
        {"status": [""]},
        {"status": ["pending,"]},
        {"status": ["pending, completed"]},
        {"status": ["pending;completed"]},
        {"priority": ["low,,high"]},
        {"priority": ["low", "HIGH"]},
        {"category": ["a", ""]},
        {"category": [str(number) for number in range(21)]},
        {"label": ["a,"]},
        {"label": [",".join(map(str, range(21)))]},
    ],
)
def test_every_value_of_a_filter_is_checked(given_: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given_))):
        TaskQuery.model_validate(given_)


def test_a_comma_is_part_of_a_category_s_name() -> None:
    query = TaskQuery.model_validate({"category": ["Home, garden", "HOME, GARDEN", "Café"]})
    assert query.given_parameters() == {"category": ["Café", "HOME, GARDEN", "Home, garden"]}
    assert query.to_selection(dt.datetime(2026, 11, 29, tzinfo=dt.UTC), dt.date(2026, 11, 29)).categories == {
        "home, garden",
        "cafe\u0301",
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([" home ", "\u00a0garden\t"], ["home", "garden"]),
        (["Home", "HOME", "home"], ["Home"]),
        (["Café", "CAFE\u0301", "cafe"], ["Café", "cafe"]),
        (["b", "a", "b "], ["b", "a"]),
        ([], []),
        (None, []),
    ],
)
def test_labels_are_trimmed_and_each_is_kept_once_in_its_first_spelling(
    sent: list[str] | None, kept: list[str]
) -> None:
    assert NewTask.model_validate({"title": "x", "labels": sent}).labels == kept
    assert TaskChanges.model_validate({"labels": sent}).given() == {"labels": kept}


def test_null_labels_in_a_put_stay() -> None:
    assert TaskUpdate.model_validate({"labels": None}).given() == {}
    assert TaskUpdate.model_validate({"labels": []}).given() == {"labels": []}


@pytest.mark.parametrize("labels", [["a,b"], [" "], [""], ["x" * 51], ["a\x00"], [str(n) for n in range(21)], "a", [1]])
def test_what_is_no_list_of_labels_is_refused(labels: Any) -> None:
    with pytest.raises(ValidationError, match="labels"):
        NewTask.model_validate({"title": "x", "labels": labels})


def test_a_comma_separates_labels_in_a_query() -> None:
    query = TaskQuery.model_validate({"label": ["Home,garden", " CAFÉ "]})
    assert query.given_parameters() == {"label": ["CAFÉ", "Home", "garden"]}
    assert query.to_selection(dt.datetime(2026, 11, 29, tzinfo=dt.UTC), dt.date(2026, 11, 29)).labels == {
        "home",
        "garden",
        "cafe\u0301",
    }


@given(moment_=st.datetimes(timezones=st.just(moment("2026-01-01T00:00:00.000000Z").tzinfo)))
def test_timestamps_are_of_fixed_width_and_come_back(moment_: Any) -> None:
    if moment_.year < 1000:
        moment_ = moment_.replace(year=moment_.year + 1000)
    text = timestamp(moment_)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    assert moment(text) == moment_


def test_settings_name_the_variable_that_is_missing() -> None:
    assert Settings.from_environment({"TABLE_NAME": "t", "CURSOR_KEY_SECRET_ID": "s", "PATH": "/"}).table_name == "t"
    with pytest.raises(ValidationError, match="TABLE_NAME"):
        Settings.from_environment({"CURSOR_KEY_SECRET_ID": "s"})


def test_nothing_in_the_api_knows_of_a_local_account() -> None:
    sources = pathlib.Path(__file__).parents[3].joinpath("api").rglob("*.py")
    text = json.dumps([path.read_text() for path in sources])
    assert not re.search(r"ministack|endpoint_url|localhost|127\.0\.0\.1|\binfra\b", text)


def test_what_the_contract_declares_of_a_task_is_what_clients_see_and_whose_it_is() -> None:
    """A field that is only in one of the two would be lost on the way to silver, or never be written."""
    assert {one.name for one in TASK_ATTRIBUTES} == set(Task.model_fields) | {"user_id", "deleted_at"}
    assert {one.name for one in TASK_ATTRIBUTES if one.owned} == {
        *TaskChanges.model_fields,
        "completed_at",
        "deleted_at",
    }
