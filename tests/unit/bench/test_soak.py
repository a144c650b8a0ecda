"""What the soak takes for a growing worker, and how it sums up routes."""

import os
import subprocess
import sys
import time

import pytest

from tests.bench.soak import memory, traffic
from tests.conftest import until

STEADY = [50.0, 80, 100, 101, 100, 102, 101, 100, 102]
GROWING = [50.0, 60, 70, 80, 90, 100, 120, 140, 160]


def test_a_worker_that_warms_up_has_not_grown() -> None:
    assert memory.grown({"todo-api:1": STEADY}) == []


def test_a_worker_that_keeps_growing_is_named() -> None:
    assert memory.grown({"todo-api:1": STEADY, "todo-cdc:2": GROWING}) == ["worker todo-cdc:2 grew from 90 to 140 MiB"]
    found = memory.summary({"todo-api:1": STEADY, "todo-api:2": STEADY, "todo-cdc:2": GROWING})
    assert found["todo-api"] == {"workers": 2, "peak_mib": 102.0, "growth": 1.0}
    assert found["todo-cdc"]["growth"] == 1.556


def test_a_worker_of_few_samples_says_nothing() -> None:
    assert memory.grown({"todo-api:1": GROWING[:8]}) == []


def test_routes_are_compared_with_the_bare_function() -> None:
    client = traffic.Client("http://127.0.0.1:1", "http://127.0.0.1:1", "token", time.monotonic(), 1)
    client.routes[traffic.BARE].seconds = [0.010, 0.010, 0.020]
    client.routes["GET /tasks"].seconds = [0.030]
    client.routes["GET /tasks"].errors["500"] = 2
    found = traffic.summary([client])
    assert found["GET /tasks"] == {"requests": 1, "errors": 2, "p50_ms": 30.0, "p99_ms": 30.0, "p50_ratio": 3.0}
    assert found["POST /tasks"]["p50_ratio"] is None


def test_a_worker_s_memory_and_processor_time_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "EVERY_SECONDS", 0.05)
    busy = "import time\nwhile time.process_time() < 0.4: pass\nprint(flush=True)\ninput()"
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "todo-busy"}
    with subprocess.Popen(
        [sys.executable, "-c", busy], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        watched = memory.Memory(os.getpid())
        watched.start()
        assert worker.stdout
        worker.stdout.readline()
        until("its work to be seen", lambda: watched.processor_seconds().get("todo-busy", 0) >= 0.3)
        samples = watched.stop()
        worker.communicate(b"\n")
    assert min(samples[f"todo-busy:{worker.pid}"]) > 1
