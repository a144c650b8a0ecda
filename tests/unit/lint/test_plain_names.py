"""The lint check of names: which definitions it refuses, and that it leaves what libraries define alone."""

import pathlib

import pytest

from tests.lint.plain_names import check_folders, check_source, find_replacement

MODULE = pathlib.PurePath("api/services/tasks.py")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("told", "delivered"),
        ("_asked", "fingerprint"),
        ("test_nobody_is_told_of_it", "delivered"),
        ("MovedError", "VersionConflict"),
        ("NAMES_MOST", "MAX"),
        ("ENDINGS", "on_execution_end"),
        ("Mark", "watermark"),
        ("ToldError", "delivered"),
    ],
)
def test_a_listed_word_is_refused_with_a_plain_one(name: str, instead: str) -> None:
    assert instead in str(find_replacement(name))


@pytest.mark.parametrize("name", ["watermark", "MAX_NAMES", "turnover", "on_execution_end", "essaid", "_", "markdown"])
def test_a_plain_name_passes(name: str) -> None:
    assert find_replacement(name) is None


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("told = 1", [1]),
        ("def meet(): ...", [1]),
        ("async def f(asked): ...", [1]),
        ("def f(*, wanted=1): ...", [1]),
        ("class Story: ...", [1]),
        ("import json as told", [1]),
        ("x = 1\nself.picture = x", [2]),
        ("for said in []: ...", [1]),
        ("with open('x') as (told, b): ...", [1]),
        ("(told := 1)", [1]),
        ("x: int\ntold: int", [2]),
    ],
)
def test_every_kind_of_definition_is_checked(source: str, lines: list[int]) -> None:
    assert [finding.line for finding in check_source(MODULE, source)] == lines


@pytest.mark.parametrize("source", ["pytest.mark.slow", "f(told=1)", "x = client.told", "# told", "'told'"])
def test_a_name_that_is_only_used_is_not_checked(source: str) -> None:
    assert list(check_source(MODULE, source)) == []


@pytest.mark.parametrize(
    "module", ["intent.py", "test_reference.py", "endings.py", "answers.py", "reference/__init__.py"]
)
def test_modules_have_plain_names_too(module: str) -> None:
    assert len(list(check_source(pathlib.PurePath("api") / module, ""))) == 1


def test_a_finding_names_the_place_and_what_to_write(tmp_path: pathlib.Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "a.py").write_text("one = 1\ntold = one\n")
    (finding,) = check_folders(["api"], tmp_path)
    assert str(finding).startswith("api/a.py:2: `told` is not plain language; write for example: delivered")
