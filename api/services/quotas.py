"""How much one user may store: live tasks, and bytes of the item collection (ADR 0105)."""

import dataclasses
import time
from collections.abc import Callable

from api.contract import USER_GIGABYTES
from api.observability import measure_gigabytes
from api.problems import QuotaExceeded
from api.repositories.task_lists import TaskLists

_MAX_KNOWN_USERS = 10_000
# Other processes may write for the same user; after so long this one counts again.
_COUNTED_SECONDS = 300.0
# A user who has just deleted tasks in another process is not refused for five minutes, nor is each refusal a count.
_RECOUNT_SECONDS = 10.0
# DynamoDB rounds sizes down to a whole GB. Smaller collections are every user's, and would only fill the log.
_MEASURED_GIGABYTES = 1.0


@dataclasses.dataclass(slots=True)
class _Usage:
    tasks: int
    counted_at: float
    gigabytes: float = 0.0


class Quotas:
    """What each user has stored, as far as this process knows.

    Live tasks are counted in their index when a process first creates a task for a user, and every five minutes; in
    between, the process adds what it writes itself. The size of the collection comes with the answer to each write.

    Args:
        tasks: counts live tasks.
        max_tasks: live tasks per user.
        max_gigabytes: size of a user's tasks in the table and its indexes, deleted tasks too.
        clock: seconds, monotonic.
    """

    def __init__(
        self, tasks: TaskLists, max_tasks: int, max_gigabytes: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tasks = tasks
        self._max_tasks = max_tasks
        self._max_gigabytes = max_gigabytes
        self._clock = clock
        self._known: dict[str, _Usage] = {}  # oldest count first

    def problem(self, user_id: str, more: int) -> QuotaExceeded | None:
        """Find out what refuses `more` live tasks to a user; None when nothing does.

        Args:
            user_id: whose tasks.
            more: how many live tasks a write would add.
        """
        usage = self._known.get(user_id)
        if usage is None or self._clock() - usage.counted_at > _COUNTED_SECONDS:
            usage = self._count(user_id)
        elif more > 0 and usage.tasks + more > self._max_tasks and self._clock() - usage.counted_at > _RECOUNT_SECONDS:
            usage = self._count(user_id, usage.gigabytes)
        if more > 0 and usage.tasks + more > self._max_tasks:
            return QuotaExceeded(
                f"You have {usage.tasks} tasks of {self._max_tasks}. Delete tasks, then send it again."
            )
        if usage.gigabytes >= self._max_gigabytes:
            return QuotaExceeded(
                f"Your tasks take {usage.gigabytes:g} GB or more of {self._max_gigabytes:g}. "
                "Deleted tasks take space for 30 days."
            )
        return None

    def record(self, user_id: str, more: int, gigabytes: float | None) -> None:
        """Take note of a committed write.

        Args:
            user_id: whose tasks.
            more: how many live tasks it added; negative when it deleted some.
            gigabytes: lower bound of the collection's size after it; None when DynamoDB has not said.
        """
        if gigabytes and gigabytes >= _MEASURED_GIGABYTES:
            measure_gigabytes(USER_GIGABYTES, gigabytes)
        usage = self._known.get(user_id)
        if usage is None:
            return
        usage.tasks += more
        if gigabytes is not None:
            usage.gigabytes = gigabytes

    def discard(self, user_id: str) -> None:
        """Count again at the next create, because the user was erased."""
        self._known.pop(user_id, None)

    def _count(self, user_id: str, gigabytes: float = 0.0) -> _Usage:
        """Count the user's live tasks.

        Without `gigabytes` the next write is let through and says what the size is; TTL may have made it smaller.
        """
        tasks = self._tasks.count(user_id, self._max_tasks)
        self._known.pop(user_id, None)
        if len(self._known) >= _MAX_KNOWN_USERS:
            del self._known[next(iter(self._known))]
        self._known[user_id] = usage = _Usage(tasks, self._clock(), gigabytes)
        return usage
