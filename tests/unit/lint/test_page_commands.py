"""Which commands of a page are run, how their output is compared, and that no page has a block that nobody runs."""

import os
import re

import pytest

from infra import ROOT
from tests.page_commands import Block, find_pages, matches, read_blocks, run_page

PAGE = """# A page

```sh
export NAME=reader
```

<!-- not run: it would not end -->
```sh
make dashboard
```

1. Then

   ```sh
   echo "hello $NAME"
   ```

   ```text
   hello …
   ```
"""


def test_blocks_have_their_commands_their_output_and_why_they_are_not_run() -> None:
    assert read_blocks(PAGE) == [
        Block("export NAME=reader"),
        Block("make dashboard", reason="it would not end"),
        Block('echo "hello $NAME"', shown="hello …"),
    ]


def test_a_page_may_say_that_none_of_its_blocks_is_run() -> None:
    text = PAGE.replace("# A page\n", "# A page\n\n<!-- not run on this page: needs an AWS account -->\n")
    assert {block.reason for block in read_blocks(text)} == {"needs an AWS account"}


def test_blocks_are_run_in_one_shell_and_compared() -> None:
    assert run_page(read_blocks(PAGE), os.environ) == []


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ("hello …|goodbye …", "printed:\nhello reader\n\nand not:\ngoodbye …"),
        ("export NAME=reader|exit 3", "exit 3 in:\nexit 3"),
        ("export NAME=reader|false; export NAME=reader", "exit 1 in:\nfalse"),
        ("export NAME=reader|insights-is-missing", "insights-is-missing"),
    ],
)
def test_a_planted_fault_is_found(planted: str, finding: str) -> None:
    before, after = planted.split("|")
    (wrong,) = run_page(read_blocks(PAGE.replace(before, after)), os.environ)
    assert finding in wrong


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a…c", "abbbc\n", True),
        ("a\n…\nd", "a\nb\nc\nd\n", True),
        ("404", "4040", False),
        ("{…}", "{}", True),
        ("a.c", "abc", False),
    ],
)
def test_an_ellipsis_matches_anything(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_every_block_is_run_or_says_why_not() -> None:
    pages = find_pages()
    assert len(pages) > 100
    for page in pages:
        text = page.read_text()
        assert len(read_blocks(text)) == len(re.findall(r"^ *```sh$", text, re.MULTILINE)), page
        assert not re.search(r"^ *```(bash|shell|console|zsh)$", text, re.MULTILINE), (
            f"{page}: blocks of commands are `sh`"
        )


def test_most_blocks_are_run() -> None:
    tutorials = [
        block for page in (ROOT / "docs" / "tutorials").glob("*.md") for block in read_blocks(page.read_text())
    ]
    assert len(tutorials) > 20
    left_out = {block.commands for block in tutorials if block.reason}
    assert left_out == {"make dashboard", ".venv/bin/insights pipeline start --wait"}
