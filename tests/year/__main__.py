"""A simulated year: python -m tests.year --days 30 --seed 1

The last line is `year: {…}`. Exits with 1 when anything was lost, doubled, different or wrongly read.
"""

import argparse
import datetime as dt
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from tests.year import clock
from tests.year.incidents import INCIDENTS, Incident
from tests.year.simulation import LAST_DAY, Simulation
from tests.year.world import World

# with a day before it on which gold is built for the first time: days of `make bad-days`
PARTS = 3
PART = -(-len(INCIDENTS) // PARTS)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description="Simulate days of the platform's life.")
    parser.add_argument("--days", type=int, help="how many days, 365 when not given")
    parser.add_argument("--seed", type=int, default=1, help="decides what people do and what goes wrong, 1 by default")
    parser.add_argument(
        "--every-incident",
        action="store_true",
        help="an incident before every run; a third of all incidents when --days is not given",
    )
    parser.add_argument(
        "--incident",
        action="append",
        default=[],
        metavar="WORDS",
        help="an incident whose name has these words, and no other ones; may be repeated, and keeps its order",
    )
    parser.add_argument("--changes", type=int, default=0, help="how many changes people make in all, if not more")
    given = parser.parse_args(argv)
    try:
        given.incidents = choose(given.incident, given.seed)
    except LookupError as error:
        parser.error(str(error))
    if given.days is None:
        given.days = 1 + (len(given.incident) or PART) if given.every_incident or given.incident else 365
    if not 1 <= given.days <= 366:
        parser.error(f"--days is 1 to 366, not {given.days}")
    if given.changes < 0:
        parser.error(f"--changes is 0 or more, not {given.changes}")
    return given


def choose(words: Sequence[str], seed: int) -> list[Incident]:
    """The incidents of a simulation, in their order.

    Args:
        words: of names of incidents; empty: all incidents, in one random order, which begins with each seed where the
            seed before ends after `PART` of them: so `PARTS` seeds that follow each other have every incident.
        seed: of the simulation.

    Raises:
        LookupError: no incident, or more than one, has these words.
    """
    if not words:
        order = random.Random(0).sample(INCIDENTS, len(INCIDENTS))
        first = (seed - 1) * PART % len(order)
        return order[first:] + order[:first]
    chosen = []
    for one in words:
        found = [incident for incident in INCIDENTS if one.lower() in incident.name.lower()]
        if len(found) != 1:
            raise LookupError(f"{len(found)} incidents have the words {one!r}: {[each.name for each in found]}")
        chosen += found
    return chosen


def main(argv: Sequence[str]) -> int:
    """Simulate, in a process whose clock can be moved; the exit status."""
    given = parse(argv)
    if clock.OFFSET_FILE in os.environ:
        return simulate(given, pathlib.Path(os.environ[clock.OFFSET_FILE]).parent)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="year-"))
    try:
        environment = clock.environment(folder / "offset")
    except clock.ClockError as error:
        print(error, file=sys.stderr)
        return 2
    first_day = LAST_DAY - dt.timedelta(days=given.days - 1)
    clock.write_offset(folder / "offset", (first_day - dt.datetime.now(dt.UTC)).total_seconds())
    command = [sys.executable, "-m", "tests.year", *argv]
    status = subprocess.run(command, check=False, env={**os.environ, **environment}).returncode
    if status == 0:
        shutil.rmtree(folder)
    else:
        print(f"the account is kept in {folder}", file=sys.stderr)
    return status


def simulate(given: argparse.Namespace, folder: pathlib.Path) -> int:
    """Simulate on the moved clock; 0 when everything was right."""
    began = time.monotonic()
    world = World.create(folder, given.seed)
    try:
        is_calm = not (given.every_incident or given.incident)
        tally = Simulation(world, given.days, given.changes, is_calm=is_calm, incidents=given.incidents).live()
    finally:
        world.platform.account.stop()
    print(tally.line(given.seed, time.monotonic() - began))
    return int(not tally.is_right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
