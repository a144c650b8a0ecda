"""Lists of tasks, page by page."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import orjson

from api.identity import Caller
from api.models.task_query import TaskQuery
from api.models.time_zones import DEFAULT_TIME_ZONE, day_in
from api.repositories.task_lists import TaskLists
from api.services.cursors import Cursors
from api.services.users import UserService, utc_now


@dataclasses.dataclass(frozen=True, slots=True)
class ListedTasks:
    """A page of a list: its JSON, and the cursor of the next page if there may be one."""

    body: bytes
    cursor: str | None


class TaskListService:
    """What a caller's lists hold."""

    def __init__(
        self, tasks: TaskLists, users: UserService, cursors: Cursors, now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self._tasks = tasks
        self._users = users
        self._cursors = cursors
        self._now = now

    def page(self, caller: Caller, query: TaskQuery, request_id: str) -> ListedTasks:
        """A page of the caller's tasks.

        Raises:
            CursorInvalid: the cursor was not issued for this user and query.
        """
        bound_to = query.given_parameters()
        after = self._cursors.position(caller.user_id, bound_to, query.cursor) if query.cursor is not None else None
        self._users.ensure_profile_unless_erased(caller, request_id)
        now = self._now()
        # which day it is matters for overdue tasks only: other lists do not read the profile
        time_zone = self._users.time_zone(caller.user_id) if query.overdue is not None else DEFAULT_TIME_ZONE
        page = self._tasks.page(caller.user_id, query.to_selection(now, day_in(time_zone, now)), after, query.limit)
        cursor = self._cursors.issue(caller.user_id, bound_to, page.position) if page.position else None
        return ListedTasks(orjson.dumps(page.documents), cursor)
