"""What happens to a task, on a table in memory that can be made to interfere."""

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import pytest
from ulid import ULID

from api.identity import Caller
from api.models.task import NewTask, StoredTask, TaskChanges
from api.models.write_result import IdempotencyRecord
from api.problems import PreconditionFailed, WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.tasks import Write
from api.services import write_request
from api.services.preconditions import NONE, Preconditions
from api.services.quotas import Quotas
from api.services.tasks import TaskService
from api.services.write_request import WriteRequest

REQUEST = WriteRequest(Caller("u"), "r")
START = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now


class Tasks:
    """The repository's contract for one task; `interfere` is called before every write."""

    def __init__(self) -> None:
        self.stored: StoredTask | None = None
        self.writes = 0
        self.interfere: Callable[[], None] = lambda: None

    def find(self, _user_id: str, _task_ids: list[str], key: str | None, _now: int) -> tuple[Any, None]:
        assert key is None
        return [self.stored], None

    def save(self, writes: list[Write], record: IdempotencyRecord | None, now: int) -> None:
        assert record is None
        assert now > 0
        self.interfere()
        (write,) = writes
        if (self.stored.task.version if self.stored else None) != write.replaces:
            raise VersionConflict
        self.stored = write.stored
        self.writes += 1


class NoTasks:
    def count(self, user_id: str, limit: int) -> int:
        assert (user_id, limit) == ("u", 10)
        return 0


class Nobody:
    def ensure_profile(self, caller: Caller, request_id: str) -> None:
        assert (caller.user_id, request_id) == ("u", "r")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
def service(tasks: Tasks, clock: Clock) -> TaskService:
    made = TaskService(cast("Any", tasks), cast("Any", Nobody()), Quotas(cast("Any", NoTasks()), 10, 8), clock)
    made.create(REQUEST, NewTask(title="x"))
    return made


def changed(service: TaskService, **named: Any) -> None:
    service.update(REQUEST, "id", TaskChanges.model_validate(named), NONE)


def current(tasks: Tasks) -> StoredTask:
    assert tasks.stored
    return tasks.stored


@pytest.mark.usefixtures("service")
def test_an_id_carries_the_time_of_creation(tasks: Tasks) -> None:
    assert ULID.from_str(current(tasks).task.id).datetime == START
    assert current(tasks).task.created_at == "2026-11-23T12:00:00.000000Z"


def test_a_clock_that_goes_back_does_not_put_versions_out_of_order(
    service: TaskService, tasks: Tasks, clock: Clock
) -> None:
    clock.now = START - dt.timedelta(hours=1)
    changed(service, title="y")
    assert current(tasks).task.updated_at == "2026-11-23T12:00:00.000001Z"
    service.delete(REQUEST, "id", NONE)
    assert current(tasks).deleted_at == current(tasks).task.updated_at == "2026-11-23T12:00:00.000002Z"


def test_a_restated_completion_keeps_its_time(service: TaskService, tasks: Tasks, clock: Clock) -> None:
    changed(service, status="completed")
    first = current(tasks).task.completed_at
    clock.now += dt.timedelta(hours=1)
    changed(service, status="completed", title="renamed")
    assert current(tasks).task.completed_at == first
    changed(service, status="cancelled")
    assert current(tasks).task.completed_at is None


def test_a_change_is_applied_afresh_to_what_another_writer_left(service: TaskService, tasks: Tasks) -> None:
    def other() -> None:
        tasks.interfere = lambda: None
        changed(service, category="other's")

    tasks.interfere = other
    changed(service, title="mine")
    task = current(tasks).task
    assert (task.title, task.category, task.version) == ("mine", "other's", 3)


def test_with_if_match_a_lost_race_is_412(service: TaskService, tasks: Tasks) -> None:
    def other() -> None:
        tasks.interfere = lambda: None
        changed(service, title="other's")

    tasks.interfere = other
    with pytest.raises(PreconditionFailed):
        service.update(REQUEST, "id", TaskChanges.model_validate({"title": "mine"}), Preconditions.parse('"1"'))
    assert current(tasks).task.title == "other's"


def test_contention_without_end_is_409_and_changes_nothing(
    service: TaskService, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_request, "DEADLINE_SECONDS", 0.2)

    def always() -> None:
        raise VersionConflict

    tasks.interfere = always
    with pytest.raises(WriteConflict):
        changed(service, title="mine")
    assert current(tasks).task.title == "x"


def test_nothing_is_written_when_nothing_changes(service: TaskService, tasks: Tasks) -> None:
    before = tasks.writes
    changed(service)
    changed(service, title="x", status="pending", due_date=None)
    assert tasks.writes == before
