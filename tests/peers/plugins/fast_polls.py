"""pytest plugin: PyAthena looks at a query ten times a second, where it waits a second by default.

Queries take milliseconds here, and the suites of PyAthena would spend most of their time between two looks.
"""

import functools
from typing import Any

from pyathena.connection import Connection

# its overloads know of no wrapper
_class: Any = Connection
_connect = _class.__init__


@functools.wraps(_connect)
def _connect_with_fast_polls(self: Any, *arguments: Any, poll_interval: float = 0.1, **options: Any) -> None:
    _connect(self, *arguments, poll_interval=poll_interval, **options)


_class.__init__ = _connect_with_fast_polls
