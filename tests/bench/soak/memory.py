"""Memory of each Lambda worker of a local account over time, and who has used the processors."""

import statistics
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

EVERY_SECONDS = 1.0
MIB = 1024**2
# fewer samples have no thirds to compare
LEAST_SAMPLES = 9
# a worker that grows by more keeps what it should give back
MAX_GROWTH = 1.25
MAX_GROWTH_MIB = 24.0


class Memory(threading.Thread):
    """Samples the resident memory of the workers below a process until it is told to stop.

    Args:
        account: process id of the account.
    """

    def __init__(self, account: int) -> None:
        super().__init__(daemon=True)
        self._account = psutil.Process(account)
        self._stopped = threading.Event()
        self.samples: dict[str, list[float]] = {}
        # seconds of processor time by process: what it had used when first seen, and last
        self._used: dict[str, tuple[float, float]] = {}

    def run(self) -> None:
        """Take a sample of every worker each second."""
        while not self._stopped.wait(EVERY_SECONDS):
            with suppress(psutil.Error):
                self._note("clients", psutil.Process())
                self._note("the emulator", self._account)
                for process in self._account.children(recursive=True):
                    with suppress(psutil.Error):
                        name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
                        self._note(f"{name or 'jobs and builds'}:{process.pid}", process)
                        if name:
                            known = self.samples.setdefault(f"{name}:{process.pid}", [])
                            known.append(process.memory_info().rss / MIB)

    def _note(self, name: str, process: psutil.Process) -> None:
        times = process.cpu_times()
        used = times.user + times.system
        # who was there before began before
        first, _ = self._used.get(name, (used if ":" not in name else 0.0, used))
        self._used[name] = (first, used)

    def processor_seconds(self) -> dict[str, float]:
        """Processor time by what used it: who has most saturates the machine first."""
        found: dict[str, float] = {}
        for name, (first, last) in self._used.items():
            group = name.partition(":")[0]
            found[group] = round(found.get(group, 0.0) + last - first, 1)
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def stop(self) -> dict[str, list[float]]:
        """End the sampling; MiB of each worker, by function and process id."""
        self._stopped.set()
        self.join()
        return self.samples


def summary(samples: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Of each function: its workers, the most memory of one, and the most growth of one that lived long enough.

    Args:
        samples: MiB of each worker over time. The first third of a worker's life warms it up, so growth is that of
            its last third over its second.
    """
    found: dict[str, dict[str, float]] = {}
    for worker, known in samples.items():
        function = worker.partition(":")[0]
        one = found.setdefault(function, {"workers": 0, "peak_mib": 0.0, "growth": 1.0})
        one["workers"] += 1
        one["peak_mib"] = round(max(one["peak_mib"], *known), 1)
        if len(known) >= LEAST_SAMPLES:
            second, last = _thirds(known)
            one["growth"] = round(max(one["growth"], last / second), 3)
    return found


def grown(samples: Mapping[str, Sequence[float]]) -> list[str]:
    """A sentence for each worker whose memory grew beyond bounds.

    Args:
        samples: as of `summary`.
    """
    lines = []
    for worker, known in samples.items():
        if len(known) >= LEAST_SAMPLES:
            second, last = _thirds(known)
            if last > second * MAX_GROWTH and last - second > MAX_GROWTH_MIB:
                lines.append(f"worker {worker} grew from {second:.0f} to {last:.0f} MiB")
    return lines


def _thirds(known: Sequence[float]) -> tuple[float, float]:
    third = len(known) // 3
    return statistics.median(known[third : 2 * third]), statistics.median(known[2 * third :])
