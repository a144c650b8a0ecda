"""Whatever arrives, in whatever order, and whenever a run dies."""

import contextlib
import datetime as dt
import json
import os
import random
import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tests.conftest import Account
from tests.integration.transforms.conftest import HOURS, Lake, assert_equals_oracle
from tests.integration.transforms.crashes import CrashError, crash_at
from tests.integration.transforms.history import History, captured_later, random_history, request_log

pytestmark = [
    pytest.mark.account,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

EXAMPLES = int(os.environ.get("SILVER_EXAMPLES", "3"))  # histories; a pull request tries few, a night many


Step = tuple[str, int]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 40)),
        st.tuples(st.just("run"), st.just(0)),
        st.tuples(st.just("crash"), st.integers(0, 4)),
        st.tuples(st.just("window"), st.integers(0, 2)),
        st.tuples(st.just("rebuild"), st.just(0)),
    ),
    min_size=3,
    max_size=6,
)


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take an hour; the plan that failed is printed whole
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(seed=st.integers(0, 10_000), plan=steps)
def test_whatever_arrives_in_whatever_order_and_whenever_a_run_dies_silver_is_what_the_history_says(
    account: Account, spark: SparkSession, seed: int, plan: list[Step]
) -> None:
    lake, chance = Lake(account, spark, uuid.uuid4().hex[:10]), random.Random(seed)
    history = random_history(seed, 70)
    item_snapshots = [history.backfill(key) for key in list(history.items)[::2]]
    # some changes never arrive: every third task is captured up to a point, and known from snapshots since
    lost = lost_changes(history, chance)
    changes = [*(line for line in history.lines if line not in lost), *item_snapshots]
    # delivered again: as they were, and captured anew
    undelivered = [*changes, *changes[::6], *map(captured_later, changes[::5])]
    chance.shuffle(undelivered)
    requests = [request_log(number) for number in range(12)]
    unsent = [*requests, *requests[:4]]
    chance.shuffle(unsent)
    arrived: list[bytes] = []
    logged: list[bytes] = []

    def arrive(count: int) -> None:
        taken, sent = undelivered[:count], unsent[: count // 4]
        del undelivered[:count], unsent[: count // 4]
        for lines, kept, folder in ((taken, arrived, "cdc"), (sent, logged, "logs")):
            if lines:
                lake.arrive(chance.choice(HOURS), lines, folder)
                kept += lines

    def crash(number: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            crash_at(patch, number)
            with contextlib.suppress(CrashError):
                lake.run()

    def window(number: int) -> None:
        start = dt.datetime.fromisoformat(HOURS[number])
        lake.run("--from", HOURS[number], "--to", (start + dt.timedelta(hours=1)).isoformat())

    actions: dict[str, Callable[[int], object]] = {
        "arrive": arrive,
        "run": lambda _: lake.run(),
        "crash": crash,
        "window": window,
        "rebuild": lambda _: lake.run("--full-refresh", "true"),
    }
    for name, number in plan:
        actions[name](number)
    arrive(len(undelivered))
    lake.run()
    assert_equals_oracle(lake, arrived, logged)
    assert lake.run()["envelopes"] == 0


def lost_changes(history: History, chance: random.Random) -> set[bytes]:
    """The last changes of every third item, from none to all of them."""
    by_item: dict[str, list[bytes]] = {}
    for line in history.lines:
        by_item.setdefault(json.dumps(json.loads(line)["keys"]), []).append(line)
    return {line for lines in list(by_item.values())[::3] for line in lines[chance.randrange(len(lines) + 1) :]}
