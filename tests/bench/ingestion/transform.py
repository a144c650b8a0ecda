"""Transform and serialise, without the network, beside `json.dumps` of the raw record in the same run."""

import gc
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from ingestion.cdc.transform import encode_line, make_envelope
from tests.unit.ingestion.stream import record, task_image

RECORDS = 1000
ROUNDS = 15
NOW = "2026-11-24T10:00:01.000000Z"
IMAGE_BYTES = 1024


def records() -> list[dict[str, Any]]:
    """Changes of a task, each with a new and an old image of about 1 KB: the heavier half of what a stream carries."""
    return [
        record(_image(number, "completed"), _image(number, "in_progress"), sequence=number) for number in range(RECORDS)
    ]


def _image(number: int, status: str) -> dict[str, Any]:
    image = task_image(
        SK={"S": f"TASK#01JDX{number:020d}"},
        status={"S": status},
        category={"S": "household"},
        due_date={"S": "2026-12-01"},
        change_sort={"S": f"2026-11-23T10:00:00.123456Z#01JDX{number:020d}"},
        version={"N": str(number)},
        last_request_id={"S": "0b0d9a5e-1f1c-4c7e-9d0e-7b7a3c1d2e3f"},
    )
    size = len(json.dumps(image, separators=(",", ":")))
    return {**image, "description": {"S": "Water the plants. " * ((IMAGE_BYTES - size) // 18)}}


def seconds(work: Callable[[Any], object], given: Sequence[Any]) -> float:
    """Processor time of this process for one pass over `given`."""
    began = time.process_time()
    for one in given:
        work(one)
    return time.process_time() - began


def measure() -> dict[str, float]:
    """`records_per_s` of one core, and its `ratio_to_json_dumps`: the best of passes that take turns."""
    given = records()
    ours: list[float] = []
    theirs: list[float] = []
    gc.collect()
    for _ in range(ROUNDS):
        ours.append(seconds(lambda one: encode_line(make_envelope(one, NOW)), given))
        theirs.append(seconds(json.dumps, given))
    return {
        "records_per_s": round(RECORDS / min(ours)),
        "ratio_to_json_dumps": round(min(theirs) / min(ours), 2),
    }
