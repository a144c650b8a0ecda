"""The commands that pages have their readers copy, run in order, and their results compared with what the page shows.

A fenced block of `sh` is run, unless a comment before it says why not: `<!-- not run: needs an AWS account -->`.
A comment `<!-- not run on this page: … -->` is about all blocks of its page. A block of `text` right after it is what
the commands print; `…` stands for anything, also for whole lines.
"""

import dataclasses
import pathlib
import re
import subprocess
from collections.abc import Iterable, Mapping

from infra import ROOT

# these have tests of their own, which follow them with the files that they have their readers write
FOLLOWED_ELSEWHERE = {ROOT / "docs" / "add-a-field.md", ROOT / "docs" / "add-a-model.md"}
FOLDERS = ("tutorials", "how-to", "runbooks")
SECONDS = 600
_BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^(?P<indent> *)```sh\n(?P<commands>.*?)^ *```\n"
    r"(?:\n^ *```text\n(?P<shown>.*?)^ *```\n)?",
    re.MULTILINE | re.DOTALL,
)
_PAGE_REASON = re.compile(r"^<!-- not run on this page: ([^\n]+) -->$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of commands.

    Args:
        commands: as they are copied.
        shown: what the page says that they print; None when it does not say.
        reason: why the block is not run; None when it is.
    """

    commands: str
    shown: str | None = None
    reason: str | None = None


def read_blocks(text: str) -> list[Block]:
    """The blocks of a page, in order.

    Args:
        text: the page, Markdown.
    """
    whole = _PAGE_REASON.search(text)
    return [
        Block(
            "\n".join(line.removeprefix(found["indent"]) for line in found["commands"].splitlines()),
            None if found["shown"] is None else found["shown"].strip(),
            whole[1] if whole else found["reason"],
        )
        for found in _BLOCK.finditer(text + "\n")
    ]


def find_pages() -> list[pathlib.Path]:
    """The pages whose commands are run: README, tutorials, how-tos and runbooks."""
    docs = ROOT / "docs"
    found = {ROOT / "README.md", *docs.glob("*.md"), *(page for name in FOLDERS for page in (docs / name).glob("*.md"))}
    return sorted(found - FOLLOWED_ELSEWHERE)


def run_page(blocks: Iterable[Block], environment: Mapping[str, str], folder: pathlib.Path = ROOT) -> list[str]:
    """Run the blocks of a page in one shell, as a reader would.

    Args:
        blocks: those with a reason are left out.
        environment: of the shell.
        folder: of the checkout, in which the shell is.

    Returns:
        what went wrong, with the commands and their output; empty when all was as the page says.
    """
    chosen = [block for block in blocks if block.reason is None]
    # a block whose last line has no end must not hide where the next one begins
    script = "".join(f"printf '\\n-- block {number} --\\n'\n{block.commands}\n" for number, block in enumerate(chosen))
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    printed = re.split(r"^-- block \d+ --\n", done.stdout, flags=re.MULTILINE)[1:]
    wrong = [
        f"{block.commands}\nprinted:\n{output}\nand not:\n{block.shown}"
        for block, output in zip(chosen, printed, strict=False)
        if block.shown is not None and not matches(block.shown, output)
    ]
    if done.returncode:
        failed = chosen[len(printed) - 1].commands
        wrong.append(f"exit {done.returncode} in:\n{failed}\n{printed[-1][-2000:]}\n{done.stderr[-2000:]}")
    return wrong


def matches(shown: str, printed: str) -> bool:
    """Whether commands printed what a page shows.

    Args:
        shown: `…` stands for anything; a line of `…` alone for any number of lines.
        printed: the output, whose lines may end in white space.
    """
    pattern = "".join(r".*?" if part == "…" else re.escape(part) for part in re.split("(…)", shown.strip()))
    return (
        re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.strip().splitlines()), re.DOTALL) is not None
    )
