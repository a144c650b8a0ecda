"""The days of a simulation: people work, something happens, the pipeline runs, and everything is compared."""

import contextlib
import dataclasses
import datetime as dt
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence

import boto3

from tests.conftest import until
from tests.year.comparisons import Comparison
from tests.year.incidents import INCIDENTS, Incident
from tests.year.readers import Readers
from tests.year.world import World

# the last day: a leap day and a month end are two weeks back, clocks in New York have gone forward two days ago
LAST_DAY = dt.datetime(2028, 3, 14, tzinfo=dt.UTC)
# a run takes most of a minute of two processors, whatever there is to do
MOST_RUNS = 60
FIRST_PEOPLE, MOST_PEOPLE = 4, 12
WEEK = 7
ALARM_SECONDS = 60


@dataclasses.dataclass
class Tally:
    """What has been seen so far."""

    days: int = 0
    incidents: int = 0
    faults: int = 0
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    mismatches: int = 0
    wrong_reads: int = 0
    reads: int = 0
    pages: int = 0
    changes: int = 0

    @property
    def is_right(self) -> bool:
        """Whether nothing was lost, doubled, different or wrongly read."""
        return not (self.lost or self.doubled or self.mismatches or self.wrong_reads)

    def line(self, seed: int, seconds: float) -> str:
        """The last line of a simulation."""
        return "year: " + json.dumps({**dataclasses.asdict(self), "seed": seed, "seconds": round(seconds)})


def days_with_runs(days: int) -> list[int]:
    """The days, from 0, at whose end the pipeline runs: every one, or of a long time as many as an hour has room for.

    A week in the middle of four weeks or more has none.

    Args:
        days: how many there are.
    """
    stride = math.ceil(days / MOST_RUNS)
    silent = range(days // 2, days // 2 + WEEK) if days >= 4 * WEEK else range(0)
    return [day for day in range(days) if (day % stride == stride - 1 and day not in silent) or day == days - 1]


def season(day: int) -> float:
    """How much people do on a day, about 1: less at weekends, more in winter."""
    date = LAST_DAY - dt.timedelta(days=day)
    return (0.4 if date.weekday() > 4 else 1.0) * (1 + 0.3 * math.cos(2 * math.pi * date.timetuple().tm_yday / 365))


class Simulation:
    """One simulated stretch of time.

    Args:
        world: a deployed platform without any users.
        days: how many.
        changes: how many people make at least, as many each day: half of them while something goes wrong.
        is_calm: nothing happens before every other run.
        incidents: what happens, in this order and over again.
    """

    def __init__(
        self,
        world: World,
        days: int,
        changes: int = 0,
        *,
        is_calm: bool = True,
        incidents: Sequence[Incident] = INCIDENTS,
    ) -> None:
        self._world, self._days, self._is_calm = world, days, is_calm
        self._first = LAST_DAY - dt.timedelta(days=days - 1)
        self._changes_a_day = changes / days
        self._incidents = self._in_turn(incidents)
        self._gold = 0
        self._began = self._first
        self.tally = Tally()

    def _in_turn(self, incidents: Sequence[Incident]) -> Iterator[Incident | None]:
        yield None  # gold has to be there before anything can be repaired
        while True:
            for one in incidents:
                yield one
                if self._is_calm:
                    yield None

    def live(self) -> Tally:
        """Let all days pass; what was seen."""
        runs = set(days_with_runs(self._days))
        for day in range(self._days):
            self._start_day(day)
            if day in runs:
                self._end_day(day)
            self.tally.days += 1
        self.tally.runs = self._world.runs
        self.tally.pages = len(self._world.mailbox.read())
        return self.tally

    def _start_day(self, day: int) -> None:
        world = self._world
        minutes = world.chance.randrange(120)
        world.clock.move_to(self._first + dt.timedelta(days=day, hours=8, minutes=minutes))
        world.sign_in()
        while len(world.people) < FIRST_PEOPLE or (len(world.people) < MOST_PEOPLE and world.chance.random() < 0.1):
            world.join()
        world.work(round(6 * season(self._days - day)))
        world.work_until(round(self._changes_a_day * (day + 0.5)))

    def _end_day(self, day: int) -> None:
        world, began = self._world, time.monotonic()
        self._began = world.clock.now()
        incident = next(self._incidents) or Incident("nothing")
        notified = len(self._world.mailbox.read())
        with incident.while_people_work(world):
            world.work(4)
            world.work_until(round(self._changes_a_day * (day + 1)))
        if incident.is_repaired_first:
            self._expect_alarm(day, incident)
            world.type(*incident.repair)
            self._gold = int(world.platform.kpis()["total_tasks"]) if self._gold else 0
        world.platform.wait_for_bronze()
        world.clock.move_to(world.evening())
        world.sign_in()
        wrong = self._run(day, incident)
        if incident.run_fails and not incident.is_silent and len(world.mailbox.read()) == notified:
            self._note(day, [f"nobody was notified: {incident.name}"])
        if incident.does:
            incident.does(world)
        self.tally.incidents += incident.name != "nothing"
        self.tally.faults += incident.row is not None
        self.tally.wrong_reads += len(wrong)
        self._report(day, wrong)
        self._compare(day)
        self._note(day, incident.looks_wrong(world) if incident.looks_wrong else [])
        print(f"day {day + 1} of {self._days}: {incident.name}, {time.monotonic() - began:.0f} s", file=sys.stderr)

    def _run(self, day: int, incident: Incident) -> list[str]:
        world = self._world
        readers = Readers(world.platform, world.people[0])
        insights, tasks = self._insights(readers), {self._gold}
        with contextlib.nullcontext() if incident.is_down else readers.reading():
            with incident.while_it_runs(world):
                world.run(*incident.options, expected=int(incident.run_fails))
            if incident.runs_again and self._gold:  # what this run leaves is right until the next one
                insights |= self._insights(readers)
                tasks.add(int(world.platform.kpis()["total_tasks"]))
            if not incident.is_repaired_first:
                self._expect_alarm(day, incident)
                if incident.repair:
                    world.runs += incident.repair[:2] == ("pipeline", "start")
                    world.type(*incident.repair)
            if incident.runs_again:
                world.run()
        self.tally.reads += readers.reads
        gold = int(world.platform.kpis()["total_tasks"])
        wrong = readers.wrong_reads(insights | self._insights(readers), {*tasks, gold}) if self._gold else []
        self._gold = gold
        return wrong

    def _expect_alarm(self, day: int, incident: Incident) -> None:
        if incident.row is None or not incident.row.alarm:
            return
        name, cloudwatch = incident.row.alarm, boto3.client("cloudwatch")

        def is_on() -> bool:
            found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
            return (
                bool(found) and found[0]["StateValue"] == "ALARM" and found[0]["StateUpdatedTimestamp"] >= self._began
            )

        try:
            until(f"{name} to go off", is_on, ALARM_SECONDS, every=0.5)
        except AssertionError as error:
            self._note(day, [f"{incident.name}: {error}"])

    def _note(self, day: int, mismatches: list[str]) -> None:
        self.tally.mismatches += len(mismatches)
        self._report(day, mismatches)

    def _insights(self, readers: Readers) -> set[int]:
        answer = readers.person.send("GET", "/insights", 200 if self._gold else 404)
        return {int(answer.json()["total_tasks"])} if self._gold else set()

    def _compare(self, day: int) -> None:
        world = self._world
        comparison = Comparison(world.platform, world.people, world.erased)
        found = comparison.mismatches()
        self._gold = int(world.platform.kpis()["total_tasks"])
        self.tally.lost += comparison.lost
        self.tally.doubled += comparison.doubled
        self.tally.changes = comparison.changes
        self._note(day, found)

    @staticmethod
    def _report(day: int, found: list[str]) -> None:
        for one in found[:5]:
            print(f"day {day + 1}: {one[:600]}", file=sys.stderr)
