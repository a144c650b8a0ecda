"""How many requests a user may send in a minute, whatever number of processes serves them (ADR 0146).

A process counts a user's requests itself. Only a process that sees more than a few of them in one window takes more
from the count that all processes share, several at a time. So a user who is far from the limit costs nothing.

Fields: https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html
"""

import dataclasses
import math
import time
from collections.abc import Callable

from api.repositories.rate_limits import RateLimitRepository

WINDOW_SECONDS = 60
_MAX_LEASE = 20
_MAX_KNOWN_USERS = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class RateLimit:
    """Where a user is in the current window, as of one request.

    Args:
        limit: requests per window.
        remaining: requests that are left in this window, as far as this process knows.
        seconds: until the window ends.
        exceeded: whether the request is refused.
    """

    limit: int
    remaining: int
    seconds: int
    exceeded: bool = False

    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """The response headers `RateLimit-Policy` and `RateLimit`."""
        return (
            (b"ratelimit-policy", b'"user";q=%d;w=%d' % (self.limit, WINDOW_SECONDS)),
            (b"ratelimit", b'"user";r=%d;t=%d' % (self.remaining, self.seconds)),
        )


@dataclasses.dataclass(slots=True)
class _Window:
    number: int
    granted: int  # requests that this process may let through
    used: int = 0
    total: int = 0  # what all processes had taken, when this one last looked
    is_full: bool = False


class RateLimits:
    """The requests of each user in the current window, as far as this process knows.

    Args:
        counts: shared by all processes.
        limit: requests per user and window; 0 for no limit.
        clock: seconds since 1970.
    """

    def __init__(self, counts: RateLimitRepository, limit: int, clock: Callable[[], float] = time.time) -> None:
        self._counts = counts
        self._limit = limit
        # a small limit is taken in small parts, so that few processes cannot exceed it by much
        self._lease = min(_MAX_LEASE, max(1, limit // 10))
        self._clock = clock
        self._known: dict[str, _Window] = {}  # the user seen first comes first

    def take(self, user_id: str) -> RateLimit | None:
        """Count a request; None when there is no limit.

        Args:
            user_id: who sends it.
        """
        if not self._limit:
            return None
        now = self._clock()
        window = self._window(user_id, int(now // WINDOW_SECONDS))
        seconds = math.ceil((window.number + 1) * WINDOW_SECONDS - now)
        if window.used >= window.granted and not window.is_full:
            self._take_more(user_id, window)
        if window.is_full and window.used >= window.granted:
            return RateLimit(self._limit, 0, seconds, exceeded=True)
        window.used += 1
        return RateLimit(self._limit, self._remaining(window), seconds)

    def _window(self, user_id: str, number: int) -> _Window:
        window = self._known.get(user_id)
        if window is None or window.number != number:
            self._known.pop(user_id, None)
            if len(self._known) >= _MAX_KNOWN_USERS:
                del self._known[next(iter(self._known))]
            self._known[user_id] = window = _Window(number, self._lease)
        return window

    def _take_more(self, user_id: str, window: _Window) -> None:
        """Take further requests from the shared count; with the first ones come those that were let through before."""
        taken = self._lease if window.total else window.used + self._lease
        total = self._counts.add(user_id, window.number, taken, (window.number + 1) * WINDOW_SECONDS)
        if total is None:  # a limit that cannot be looked up refuses nobody
            window.granted += self._lease
            return
        window.total = total
        window.granted += max(0, self._lease - max(0, total - self._limit))
        window.is_full = total >= self._limit

    def _remaining(self, window: _Window) -> int:
        return max(0, self._limit - max(window.total, window.granted) + window.granted - window.used)
