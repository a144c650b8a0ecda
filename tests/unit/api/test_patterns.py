"""Every pattern that a model asks for has words, so that nobody is told to match a regular expression."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import api.models
from api.models import patterns
from api.models.model import Model

MATCHING = {
    patterns.DATE: "2026-11-29",
    patterns.EMAIL: "name@example.com",
    patterns.ENTITY_TAGS: '"3", "4"',
    patterns.LOCAL_TIME: "2026-11-29T12:00:00",
    patterns.MOMENT: "2026-11-29T12:00:00.000000Z",
    patterns.WEBHOOK_URL: "https://example.com/hooks",
}


def find_patterns(schema: Any) -> Iterator[str]:
    """Every pattern in a core schema of pydantic's."""
    if isinstance(schema, dict):
        if schema.get("type") == "str" and "pattern" in schema:
            yield schema["pattern"]
        for key, part in schema.items():
            if key != "metadata":
                yield from find_patterns(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from find_patterns(part)


def find_models(model: type[Model]) -> Iterator[type[Model]]:
    """Every model below one."""
    for below in model.__subclasses__():
        yield below
        yield from find_models(below)


def test_every_pattern_has_words() -> None:
    for module in pkgutil.iter_modules(api.models.__path__):
        importlib.import_module(f"api.models.{module.name}")
    required = set[str]()
    for model in find_models(Model):
        model.model_rebuild()
        required |= set(find_patterns(model.__pydantic_core_schema__))
    assert len(required) > 5
    assert required == set(patterns.IN_WORDS)


@pytest.mark.parametrize(("pattern", "example"), MATCHING.items())
def test_the_example_in_the_words_matches(pattern: str, example: str) -> None:
    assert example in patterns.IN_WORDS[pattern] or pattern == patterns.DATE
    assert re.search(pattern, example)
