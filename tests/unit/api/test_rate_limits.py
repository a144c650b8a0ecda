"""The bound of the rate limit, whatever processes serve a user, in whatever order (ADR 0146)."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from api.services.rate_limits import RateLimits


@dataclasses.dataclass
class Counts:
    """What the table does with `ADD`, and how often it was called; it can refuse."""

    total: int = 0
    calls: int = 0
    fails: bool = False

    def add(self, _user_id: str, _window: int, requests: int, _ends_at: int) -> int | None:
        self.calls += 1
        if self.fails:
            return None
        self.total += requests
        return self.total


def limits(counts: Counts, limit: int, now: float = 120.0) -> RateLimits:
    return RateLimits(counts, limit, clock=lambda: now)  # type: ignore[arg-type]


def accepted(process: RateLimits) -> bool:
    found = process.take("ann")
    assert found is not None
    return not found.exceeded


@given(st.integers(1, 300), st.lists(st.integers(0, 7), max_size=900))
def test_processes_together_let_through_the_limit_and_what_each_counts_alone(limit: int, order: list[int]) -> None:
    counts = Counts()
    processes = [limits(counts, limit) for _ in range(8)]
    taken = [0] * 8
    for number in order:
        taken[number] += accepted(processes[number])
    lease = min(20, max(1, limit // 10))
    assert sum(taken) <= limit + lease * 8
    alone = sum(each for each in taken if each <= lease)
    assert sum(taken) - alone <= max(limit, lease * 8)


def test_one_process_lets_through_exactly_the_limit() -> None:
    for limit in (1, 7, 60, 600):
        process = limits(Counts(), limit)
        assert sum(accepted(process) for _ in range(2 * limit + 40)) == max(limit, min(20, max(1, limit // 10)))


def test_a_user_far_from_the_limit_costs_no_call_and_a_heavy_one_a_call_in_twenty() -> None:
    counts = Counts()
    process = limits(counts, 600)
    for _ in range(20):
        assert accepted(process)
    assert counts.calls == 0
    for _ in range(580):
        assert accepted(process)
    assert counts.calls == 29
    for _ in range(100):
        assert not accepted(process)
    assert counts.calls == 29, "a refusal is remembered for the rest of the minute"


def test_remaining_falls_to_nothing_and_the_next_minute_begins_anew() -> None:
    now = 120.0
    process = RateLimits(Counts(), 40, clock=lambda: now)  # type: ignore[arg-type]
    left = [found.remaining for _ in range(41) if (found := process.take("ann"))]
    assert left == [*range(39, -1, -1), 0]
    now = 125.5
    refused = process.take("ann")
    assert refused is not None
    assert (refused.exceeded, refused.seconds) == (True, 55)
    now = 180.0
    assert accepted(process)


def test_users_do_not_share_a_limit() -> None:
    process = limits(Counts(), 5)
    while accepted(process):
        pass
    other = process.take("bob")
    assert other is not None
    assert not other.exceeded


def test_a_count_that_cannot_be_kept_refuses_nobody() -> None:
    process = limits(Counts(fails=True), 10)
    assert all(accepted(process) for _ in range(50))


def test_without_a_limit_there_is_nothing_to_say() -> None:
    assert limits(Counts(), 0).take("ann") is None


def test_the_headers_are_structured_fields() -> None:
    found = limits(Counts(), 600, now=138.0).take("ann")
    assert found is not None
    assert found.headers() == (
        (b"ratelimit-policy", b'"user";q=600;w=60'),
        (b"ratelimit", b'"user";r=599;t=42'),
    )
