"""What a process and all that it starts cost: time, CPU, memory."""

import dataclasses
import subprocess
import time
from collections.abc import Mapping, Sequence

import psutil

EVERY_SECONDS = 0.05


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a command cost.

    Args:
        wall: seconds from start to end.
        cpu: seconds of processor time, user and system, of all its processes.
        peak_mib: the most memory that all its processes had at once, MiB.
        output: what it printed.
    """

    wall: float
    cpu: float
    peak_mib: float
    output: str


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; its error output was printed.
    """
    started = time.monotonic()
    with subprocess.Popen(list(command), env=dict(environment), stdout=subprocess.PIPE, text=True) as process:
        cpu: dict[int, float] = {}
        peak = 0
        while process.poll() is None:
            held = 0
            for one in _tree(process.pid):
                try:
                    times, memory = one.cpu_times(), one.memory_info()
                except psutil.Error:
                    continue
                # processes that have ended keep what they had used when last seen
                cpu[one.pid] = times.user + times.system
                held += memory.rss
            peak = max(peak, held)
            time.sleep(EVERY_SECONDS)
        wall = time.monotonic() - started
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"{command[0]} … ended with status {process.returncode}\n{output}")
    return Cost(wall, sum(cpu.values()), peak / 2**20, output)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
