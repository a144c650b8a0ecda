"""Change events by the million, written as fast as a laptop can: lines like those that capture writes."""

import datetime as dt
import gzip
import pathlib
import random
import uuid
from collections.abc import Iterator

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVENTS_PER_FILE = 10_000
TASKS_PER_USER = 25
EVENTS_PER_TASK = 4
STATUSES = ("pending", "in_progress", "completed", "cancelled")
PRIORITIES = ("low", "medium", "high", "urgent")
SEED = 7
# what to replace in a line by what, so that it breaks a rule of the contract
BREAKAGES = (
    ('"schema_version":1', '"schema_version":9'),
    ('"event_name":"', '"event_name":"X'),
    ('"sequence_number":"', '"sequence_number":"x'),
    ('"event_time":"2', '"event_time":"z'),
    ('"updated_at":"2', '"updated_at":"z'),
    ('"user_id":"', '"nobody":"'),
)


class Stream:
    """A history that goes on: each call of `lines` tells of what comes next."""

    def __init__(self) -> None:
        self._chance = random.Random(SEED)
        self._serial = 0
        self._tasks = 0
        self._live: list[tuple[str, str, str, str]] = []  # user, task, its image without braces, created_at

    def lines(self, count: int) -> Iterator[str]:
        """The next `count` events; every hundredth is delivered twice, every thousandth comes broken as well."""
        for number in range(count):
            self._serial += 1
            line = self._create() if number % EVENTS_PER_TASK == 0 or not self._live else self._change()
            yield line
            if self._serial % 100 == 0:
                yield line
            if self._serial % 1000 == 0:
                yield self._broken(line)

    def _broken(self, line: str) -> str:
        kind = self._serial // 1000 % (1 + len(BREAKAGES))
        return line.replace(*BREAKAGES[kind], 1) if kind < len(BREAKAGES) else line[: len(line) // 2]

    def _create(self) -> str:
        self._tasks += 1
        serial = self._tasks
        user, task = f"user-{serial // TASKS_PER_USER:08d}", f"{serial:026d}"
        if serial % TASKS_PER_USER == 0:
            profile = (
                f'"PK":"USER#{user}","SK":"METADATA","entity_type":"USER","user_id":"{user}",'
                f'"email":"{user}@example-{serial % 97}.com","name":"User {serial}","created_at":"{self._at()}",'
                f'"updated_at":"{self._at()}","version":1'
            )
            return self._line("USER", "INSERT", profile, None)
        created_at = self._at()
        image = self._image(user, task, created_at, 1)
        self._live.append((user, task, image, created_at))
        return self._line("TASK", "INSERT", image, None)

    def _change(self) -> str:
        # recent tasks change most
        place = len(self._live) - 1 - int(self._chance.expovariate(1 / (1 + len(self._live) // 4))) % len(self._live)
        user, task, old, created_at = self._live[place]
        version = int(old.rpartition(":")[2]) + 1
        new = self._image(user, task, created_at, version)
        self._live[place] = (user, task, new, created_at)
        return self._line("TASK", "MODIFY", new, old)

    def _image(self, user: str, task: str, created_at: str, version: int) -> str:
        chance = self._chance.random()
        status = STATUSES[int(chance * 4)]
        done = f'"completed_at":"{self._at()}",' if status == "completed" else ""
        return (
            f'"PK":"TASK#{user}","SK":"TASK#{task}","entity_type":"TASK","id":"{task}","user_id":"{user}",'
            f'"title":"Task {task} as of {version}","description":"What has to be done, and by whom, in a few words",'
            f'"status":"{status}","priority":"{PRIORITIES[int(chance * 1000) % 4]}",'
            f'"category":"category-{int(chance * 100) % 12}","due_date":"2026-{1 + version % 12:02d}-15",{done}'
            f'"created_at":"{created_at}","updated_at":"{self._at()}","last_request_id":"request-{self._serial:012d}",'
            f'"version":{version}'
        )

    def _line(self, entity: str, name: str, new: str, old: str | None) -> str:
        before = f"{{{old}}}" if old else "null"
        return (
            f'{{"schema_version":1,"event_id":"{self._serial:032x}","event_name":"{name}",'
            f'"sequence_number":"{self._serial:021d}","event_time":"{self._at()}","ingested_at":"{self._at()}",'
            f'"table_name":"todo-app-data","entity_type":"{entity}","keys":{{}},"new_image":{{{new}}},'
            f'"old_image":{before},"actor":"user","request_id":"request-{self._serial:012d}"}}'
        )

    def _at(self) -> str:
        # a million events are a month
        moment = START + dt.timedelta(seconds=int(self._serial * 2.6))
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def write(stream: Stream, count: int, folder: pathlib.Path) -> None:
    """Write the next `count` events below a folder as bronze has them, `EVENTS_PER_FILE` to an object.

    They happened over months and arrive now, in this hour.
    """
    hour = folder / f"{dt.datetime.now(dt.UTC):dt=%Y-%m-%d/hour=%H}"
    hour.mkdir(parents=True, exist_ok=True)
    for number in range(0, count, EVENTS_PER_FILE):
        body = "\n".join(stream.lines(min(EVENTS_PER_FILE, count - number))) + "\n"
        (hour / f"{uuid.uuid4()}.gz").write_bytes(gzip.compress(body.encode(), compresslevel=1))
