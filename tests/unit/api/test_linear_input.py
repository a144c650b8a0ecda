"""Parsers take time in proportion to their input: doubling the input doubles the time, no more."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.access_log import _REQUEST_ID
from api.models.entity_tags import parse_entity_tags
from api.models.fields import Email, EntityTags, Title
from api.models.recurrence import parse_rule
from api.models.text import fold

START, DOUBLINGS, ROUNDS = 4_000, 3, 5
# four would be quadratic; the rest is room for a busy machine
MAX_RATIO = 3.0


def _validate(kind: Any) -> Callable[[str], object]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def validate(text: str) -> object:
        try:
            return adapter.validate_python(text)
        except ValidationError:
            return None

    return validate


@pytest.mark.parametrize(
    ("parse", "make"),
    [
        (parse_entity_tags, lambda size: '"a"' + " " * size + "x"),
        (parse_entity_tags, lambda size: '"a",' * size),
        (parse_entity_tags, lambda size: '"' * size),
        (parse_entity_tags, lambda size: " \t" * size),
        (_validate(EntityTags), lambda size: '"a"' + " " * size + "x"),
        (_validate(EntityTags), lambda size: '"a", ' * size),
        (_validate(Email), lambda size: "a." * size),
        (_validate(Email), lambda size: "@" * size),
        (_validate(Title), lambda size: " " * size),
        (parse_rule, lambda size: "FREQ=MONTHLY;BYDAY=" + "MO," * size + "MO"),
        (_REQUEST_ID.fullmatch, lambda size: "a" * size),
        (fold, lambda size: "e\u0301İ" * size),
    ],
)
def test_twice_the_input_takes_twice_the_time(parse: Callable[[str], object], make: Callable[[int], str]) -> None:
    def seconds(size: int) -> float:
        text = make(size)
        taken = []
        for _ in range(ROUNDS):
            began = time.process_time_ns()
            parse(text)
            taken.append(time.process_time_ns() - began)
        return max(statistics.median(taken) / 1e9, 0.0005)  # below that the clock measures itself

    sizes = [START * 2**number for number in range(DOUBLINGS + 1)]
    first, last = seconds(sizes[0]), seconds(sizes[-1])
    assert last / first < MAX_RATIO**DOUBLINGS
