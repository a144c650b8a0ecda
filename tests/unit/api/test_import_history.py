"""The versions that an import writes of a task: analytics find its creation and its completion on their days."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from api.contract import Priority, Status
from api.models.counts import UNKNOWN
from api.models.fields import timestamp
from api.models.task import StoredTask
from api.models.transfer import ImportedTask
from api.services.imported_tasks import history

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@st.composite
def exported(draw: st.DrawFn) -> ImportedTask:
    """A task as the API may have made it by so many writes."""
    version = draw(st.integers(1, 5))
    days = sorted(draw(st.lists(st.integers(1, 200), min_size=2, max_size=2)))
    changed = [timestamp(START + dt.timedelta(days=day)) for day in days] if version > 1 else [timestamp(START)] * 2
    status = draw(st.sampled_from(list(Status)))
    # with two versions, the second is the completion, or it was made completed
    completed = draw(st.sampled_from([timestamp(START), changed[1], *(changed[:1] if version > 2 else [])]))
    return ImportedTask.model_validate(
        {
            "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "title": "x",
            "status": status,
            "priority": "low",
            "created_at": timestamp(START),
            "updated_at": changed[1],
            "completed_at": completed if status is Status.COMPLETED else None,
            "version": version,
        }
    )


@given(exported())
def test_creation_and_completion_are_on_their_days_and_the_last_version_is_the_task(line: ImportedTask) -> None:
    versions = history(line)
    assert versions[-1] == line.task()
    numbers = [one.version for one in versions]
    assert numbers == sorted(set(numbers))
    assert [one.updated_at for one in versions] == sorted(one.updated_at for one in versions)
    assert (versions[0].version, versions[0].updated_at) == (1, line.created_at)
    completions = [
        after.updated_at
        for before, after in zip([None, *versions], versions, strict=False)
        if after.status is Status.COMPLETED and not (before and before.status is Status.COMPLETED)
    ]
    assert completions == ([line.completed_at] if line.completed_at else [])
    assert all((one.status is Status.COMPLETED) == (one.completed_at is not None) for one in versions)


def test_what_an_imported_task_counted_as_before_is_not_known() -> None:
    line = ImportedTask(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        title="x",
        status=Status.PENDING,
        priority=Priority.LOW,
        created_at=timestamp(START),
        updated_at=timestamp(START),
        version=1,
    )
    imported = START + dt.timedelta(days=9)
    stored = StoredTask("u", line.task(), "r", imported_at=timestamp(imported))
    assert stored.counted_at(timestamp(imported - dt.timedelta(days=1))) == UNKNOWN
    assert stored.counted_at(timestamp(imported + dt.timedelta(days=1))) == stored.counted
