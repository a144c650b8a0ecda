"""Takes back what an export has: the same lines twice change nothing, and nothing newer is overwritten."""

import datetime as dt
from collections.abc import Callable, Iterable

import orjson

from api.identity import Caller
from api.models.fields import timestamp
from api.models.task import StoredTask
from api.models.transfer import (
    ImportedTask,
    ImportedWebhook,
    ImportLines,
    ImportResult,
    ProfileLine,
    SkippedLine,
    TaskLine,
    WebhookLine,
)
from api.models.user import ProfileChanges
from api.problems import WriteConflict
from api.repositories.dynamodb import VersionConflict
from api.repositories.erasures import ErasureRepository
from api.repositories.tasks import TaskRepository
from api.repositories.transfers import TransferRepository
from api.repositories.webhooks import WebhookRepository
from api.services import subtasks
from api.services.counts import CountsService
from api.services.imported_ids import ImportedIds
from api.services.imported_tasks import Family, history
from api.services.preconditions import NONE, Preconditions
from api.services.quotas import Quotas
from api.services.task_states import RESTORABLE
from api.services.users import UserService, utc_now
from api.services.webhooks import new_salt
from api.services.write_request import WriteRequest
from api.webhook_contract import MAX_WEBHOOKS, StoredWebhook

# tasks that one call reads, within the hundred of a transaction
_READ_AT_ONCE = 90
DISABLED_REASON = "imported: rotate its secret, then enable it"
_SAME, _NEWER, _OTHER = "", "the task has version {} here", "another task has this id here"


class ImportService:
    """Writes lines of an export for the caller, whoever exported them: ids are looked up among the caller's own items.

    Each line is written by itself, so a request that was cut off can be sent again. Tasks keep their times and
    versions, and their ids if they can (ADR 0142). A task that is new here is written as two or three versions, so that
    analytics see when it was created and completed (ADR 0129).
    """

    def __init__(
        self,
        transfers: TransferRepository,
        tasks: TaskRepository,
        webhooks: WebhookRepository,
        users: UserService,
        quotas: Quotas,
        counts: CountsService,
        erasures: ErasureRepository,
        ids: ImportedIds,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._erasures = erasures
        self._ids = ids
        self._transfers = transfers
        self._tasks = tasks
        self._webhooks = webhooks
        self._users = users
        self._quotas = quotas
        self._counts = counts
        self._now = now

    def run(self, request: WriteRequest, lines: ImportLines, preconditions: Preconditions = NONE) -> bytes:
        """Import lines; the result as JSON.

        Args:
            request: the write.
            lines: valid each by itself.
            preconditions: of the address of imports, which has no representation.

        Raises:
            PreconditionFailed: the preconditions are false.
            QuotaExceeded: the caller has no room for the tasks; nothing was written.
            WriteConflict: others are writing to the same tasks.
            CollectionFull: the caller's tasks have reached their limit; lines before that were written.
        """
        preconditions.require(None)
        caller = request.caller
        self._users.ensure_profile(caller, request.request_id)
        given = {number: line for number, line in enumerate(lines.lines, 1) if isinstance(line, TaskLine)}
        family, tasks = self._place(caller, given)
        added = {task.id for task in tasks.values() if not task.deleted_at and not _is_live(family.found.get(task.id))}
        if added and (refusal := self._quotas.problem(caller.user_id, len(added))):
            raise refusal
        imported, skipped = 0, []
        try:
            for number, line in enumerate(lines.lines, 1):
                reason: str | None = _SAME
                if isinstance(line, TaskLine):
                    reason = self._import_task(request, line, tasks[number], family)
                elif isinstance(line, ProfileLine):
                    reason = self._import_profile(request, line.profile)
                elif isinstance(line, WebhookLine):
                    reason = self._import_webhook(caller, line.webhook)
                imported += reason is None
                if reason:
                    skipped.append(SkippedLine(line=number, reason=reason))
        finally:
            if tasks:
                self._counts.discard(caller.user_id)
        unchanged = len(lines.lines) - imported - len(skipped)
        result = ImportResult(imported=imported, unchanged=unchanged, skipped=skipped)
        return orjson.dumps(result.model_dump())

    def _place(self, caller: Caller, given: dict[int, TaskLine]) -> tuple[Family, dict[int, ImportedTask]]:
        """Look up the tasks that lines name, and give those that cannot keep their ids others (ADR 0142)."""
        user_id, life, is_clean = caller.user_id, *self._life(caller)
        signed, kept = set(), set()
        for number, line in given.items():
            if self._ids.is_signed(user_id, line.task.id, line.task.parent_id, line.signature):
                signed.add(number)
                if is_clean and line.signature and not self._ids.is_of(life, line.signature):
                    kept.add(number)
        named: dict[str, None] = {}
        for number, line in given.items():
            task = line.task
            named |= dict.fromkeys(filter(None, (task.id, task.parent_id, task.previous_id, task.next_id)))
            if number not in kept:
                others = (self._ids.derive(user_id, life, one) for one in (task.id, task.parent_id) if one)
                named |= dict.fromkeys(others)
        found = self._find(caller, named)

        def place(task: ImportedTask) -> ImportedTask:
            references = {name: getattr(task, name) for name in ("id", "parent_id", "previous_id", "next_id")}
            unknown = {name: one for name, one in references.items() if one and one not in found}
            return task.model_copy(update={name: self._ids.derive(user_id, life, one) for name, one in unknown.items()})

        tasks = {number: line.task if number in kept else place(line.task) for number, line in given.items()}
        return Family(found, {task.id: task for task in tasks.values()}, {tasks[number].id for number in signed}), tasks

    def _life(self, caller: Caller) -> tuple[str, bool]:
        """When the caller's profile was created, and whether nothing of an earlier one is left anywhere."""
        try:
            profile, erasure = self._erasures.find(caller.user_id)
        except VersionConflict as conflict:
            raise WriteConflict from conflict
        if profile is None:
            raise WriteConflict  # somebody erases the caller at this moment
        return profile.created_at, erasure is None

    def _find(self, caller: Caller, task_ids: Iterable[str]) -> dict[str, StoredTask]:
        ids = list(task_ids)
        found: list[StoredTask | None] = []
        try:
            for start in range(0, len(ids), _READ_AT_ONCE):
                found += self._tasks.find(caller.user_id, ids[start : start + _READ_AT_ONCE], None, 0)[0]
        except VersionConflict as conflict:
            raise WriteConflict from conflict
        return {stored.task.id: stored for stored in found if stored}

    def _import_task(self, request: WriteRequest, line: TaskLine, task: ImportedTask, family: Family) -> str | None:
        """Import one task; None when something was written, else why not."""
        now = self._now()
        deleted = dt.datetime.fromisoformat(task.deleted_at) if task.deleted_at else None
        if deleted and deleted + RESTORABLE <= now:
            return "it was deleted too long ago"
        there = family.found.get(task.id)
        if there:
            if there.task.created_at != task.created_at:
                return _OTHER
            if there.task.version >= task.version:
                same = there.task == task.task() and there.deleted_at == task.deleted_at
                return _SAME if same else _NEWER.format(there.task.version)
        if code := family.refusal(task):
            return f"parent_id: {subtasks.MESSAGES[code]}"
        expires_at = int((deleted + RESTORABLE).timestamp()) if deleted else None
        written = False
        for version in history(task):
            is_last = version.version == task.version
            stored = StoredTask(
                request.caller.user_id,
                version,
                request.request_id,
                task.deleted_at if is_last else None,
                expires_at if is_last else None,
                timestamp(now),
                due_local=line.due_local,
            )
            done, gigabytes = self._transfers.put_version(stored)
            written |= done
        more = bool(not task.deleted_at) - _is_live(there)
        self._quotas.record(request.caller.user_id, more if written else 0, gigabytes)
        return None if written else _SAME

    def _import_profile(self, request: WriteRequest, changes: ProfileChanges) -> str | None:
        before = self._users.find(request.caller.user_id)
        given = changes.given()
        if before and all(getattr(before, name) == value for name, value in given.items()):
            return _SAME
        # the key is of the request as a whole; the profile's own record would be another's
        self._users.update(WriteRequest(request.caller, request.request_id), changes, NONE)
        return None

    def _import_webhook(self, caller: Caller, line: ImportedWebhook) -> str | None:
        now = self._now()
        webhooks = self._webhooks.list_all(caller.user_id)
        if any(one.id == line.id for one in webhooks):
            return _SAME
        if len(webhooks) >= MAX_WEBHOOKS:
            return f"there are {MAX_WEBHOOKS} webhooks of {MAX_WEBHOOKS}"
        webhook = StoredWebhook(
            id=line.id,
            user_id=caller.user_id,
            url=line.url,
            event_types=tuple(line.event_types),
            # who gets a file from elsewhere must not send tasks to an address in it unknowingly
            enabled=False,
            disabled_reason=DISABLED_REASON,
            created_at=line.created_at,
            updated_at=timestamp(now),
            version=line.version + 1,
            salt=new_salt(),
        )
        try:
            self._webhooks.save(webhook, None, None, int(now.timestamp()))
        except VersionConflict as conflict:
            raise WriteConflict from conflict
        return None


def _is_live(stored: StoredTask | None) -> bool:
    return stored is not None and not stored.deleted_at
