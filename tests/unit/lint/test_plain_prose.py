"""Pages are short sentences of plain words, and one that is not is refused."""

import pathlib

import pytest

from tests.lint.plain_prose import check_page, check_repository, read_sentences

PAGE = pathlib.PurePath("docs/operate.md")
LONG = "Word " + " ".join(["word"] * 30) + "."


def test_every_page_is_plain() -> None:
    assert [str(finding) for finding in check_repository()] == []


@pytest.mark.parametrize("text", [LONG, f"Short. {LONG}", f"- {LONG}", f"| a | {LONG} |", LONG.replace(" ", "\n", 5)])
def test_a_long_sentence_is_found_wherever_it_is(text: str) -> None:
    (finding,) = check_page(PAGE, text, followed=True)
    assert finding.problem == "31 words, at most 30"
    assert list(check_page(PAGE, text, followed=False)) == []


def test_a_refused_word_is_found_in_every_page() -> None:
    (finding,) = check_page(PAGE, "The user is told of it.", followed=False)
    assert finding.problem.startswith("`told` is not plain")
    assert list(check_page(PAGE, "Nobody asked for it.", followed=True)) == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two `a.b. c` three.", ["One.", "Two `code` three."]),
        ("`make demo` runs. `make test` tests.", ["`code` runs.", "`code` tests."]),
        ("Look:\n\n```sh\nfirst. second.\n```\n\nDone.", ["Look:", "Done."]),
        ("1. first\n   goes on\n2. second", ["first goes on", "second"]),
        ("| a | b |\n|---|---|\n| c. D | e |", ["a", "b", "---", "---", "c.", "D", "e"]),
        ("See [a page](x.md#a-b) now.", ["See [a page] now."]),
    ],
)
def test_sentences_end_where_readers_see_their_end(text: str, sentences: list[str]) -> None:
    assert list(read_sentences(text)) == sentences
