"""Readers who look while a run changes what they read: every figure is the old one or the new one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.conftest import Platform
from tests.year.people import Person

SECONDS = 5.0
TASKS = "select count(*) as tasks, count(distinct task_id) as ids from fct_tasks"


class Readers:
    """Reads the insights of one user and the tasks of gold every five seconds, until told to stop.

    Args:
        platform: that is read.
        person: whose insights.
    """

    def __init__(self, platform: Platform, person: Person) -> None:
        self._platform, self.person = platform, person
        self._stop = threading.Event()
        self.insights: set[int] = set()
        self.tasks: set[int] = set()
        self.reads = self.doubled = 0
        self.errors: list[str] = []

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read while the block runs."""
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _read(self) -> None:
        while not self._stop.wait(SECONDS):
            try:
                self.insights.add(int(self.person.ask("GET", "/insights", 200)["total_tasks"]))
                (row,) = self._platform.gold(TASKS)
            except Exception as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                continue
            self.reads += 1
            self.tasks.add(int(row["tasks"] or 0))
            self.doubled += row["tasks"] != row["ids"]

    def wrong_reads(self, insights: set[int], tasks: set[int]) -> list[str]:
        """What was seen that was at no time so.

        Args:
            insights: the total that `/insights` had before, and the one that it has now.
            tasks: how many tasks gold had before, and how many it has now.
        """
        wrong = [f"/insights said {seen}, of {sorted(insights)}" for seen in sorted(self.insights - insights)]
        wrong += [f"gold had {seen} tasks, of {sorted(tasks)}" for seen in sorted(self.tasks - tasks)]
        return [*wrong, *self.errors, *["gold had a task twice"] * self.doubled]
