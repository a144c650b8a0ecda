"""What a job says while it works."""

import contextlib
import time
from collections.abc import Iterator


@contextlib.contextmanager
def timed_step(name: str) -> Iterator[list[str]]:
    """Print how long the block took, with the notes that it appends to the list it is given."""
    notes: list[str] = []
    started = time.monotonic()
    yield notes
    print(f"{name}: {time.monotonic() - started:.1f} s", *notes, sep=", ", flush=True)
