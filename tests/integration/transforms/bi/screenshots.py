"""The dashboard's pages compared with committed pictures.

The data is of one day, no query asks for the time, and the browser is pinned, so a page looks the same on every run.
Text may still be drawn a shade lighter on another machine: pixels count as different beyond a tolerance only.
"""

import dataclasses
import os
import pathlib

from PIL import Image, ImageChops

COMMITTED = pathlib.Path(__file__).parent / "screenshots"
COLOURS = 64
"""Of a committed picture: a third of the bytes, and no visible difference with those that cover most of what is there;
the median cut, Pillow's default, makes a line's orange brown."""
TOLERANCE = 48
"""Of 255, in any of the three colours, after both pictures are reduced to a quarter of their size."""
MOST_DIFFERENT = 0.002
"""Share of the page's pixels. A card's title is about 0.001 of the Overview, a chart's line 0.004."""
MOST_HIGHER = 4
"""Pixels by which a page's height may differ."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """How a page differs from its committed picture.

    Args:
        message: in words; empty when it does not.
        marked: the page with what differs in red.
    """

    message: str = ""
    marked: Image.Image | None = None


def check(taken: pathlib.Path) -> None:
    """Do what the variable SCREENSHOTS asks for: `compare`, `accept`, or nothing, as in `make test`.

    Args:
        taken: a screenshot; what differs is marked in a picture beside it.

    Raises:
        AssertionError: the page does not look like its committed picture.
    """
    mode = os.environ.get("SCREENSHOTS", "")
    if mode == "accept":
        accept(taken)
    if mode != "compare":
        return
    difference = compare(taken)
    if difference.marked is not None:
        difference.marked.save(taken.with_stem(f"{taken.stem}-differences"))
    assert not difference.message, difference.message


def accept(taken: pathlib.Path) -> None:
    """Make a screenshot the committed picture of its name."""
    COMMITTED.mkdir(exist_ok=True)
    with Image.open(taken) as page:
        few = page.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(COMMITTED / taken.name, optimize=True)


def compare(taken: pathlib.Path) -> Difference:
    """A screenshot beside the committed picture of its name."""
    committed = COMMITTED / taken.name
    if not committed.exists():
        return Difference(f"{taken.name}: there is no committed picture; make screenshots-accept")
    with Image.open(taken) as page, Image.open(committed) as before:
        return _difference(page.convert("RGB"), before.convert("RGB"), taken.name)


def _difference(page: Image.Image, before: Image.Image, name: str) -> Difference:
    if page.width != before.width or abs(page.height - before.height) > MOST_HIGHER:
        return Difference(f"{name}: {page.width} x {page.height} pixels, committed {before.width} x {before.height}")
    height = min(page.height, before.height)
    box = (0, 0, page.width, height)
    small = (page.width // 4, height // 4)
    drawn, expected = (one.crop(box).resize(small, Image.Resampling.BOX) for one in (page, before))
    bands = [
        band.point(lambda value: 255 * (value > TOLERANCE)) for band in ImageChops.difference(drawn, expected).split()
    ]
    differs = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    share = differs.histogram()[255] / (small[0] * small[1])
    if share <= MOST_DIFFERENT:
        return Difference()
    marked = page.copy()
    marked.paste((255, 0, 0), mask=differs.resize((page.width, height)).point(lambda value: value // 2), box=(0, 0))
    return Difference(f"{name}: {share:.2%} of the page differs; see .screenshots; make screenshots-accept", marked)
