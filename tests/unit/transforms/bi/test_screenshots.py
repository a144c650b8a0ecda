"""What counts as another picture of a page."""

import pathlib
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.integration.transforms.bi import screenshots


def page(width: int = 390, height: int = 800, line: int = 0, shade: int = 0, text: str = "Open tasks") -> Image.Image:
    """A page with a title and a chart's line."""
    drawn = Image.new("RGB", (width, height), (255, 255, 255 - shade))
    pen = ImageDraw.Draw(drawn)
    pen.text((20, 20), text, fill=(0, 0, 0), font_size=24)
    pen.line([(20, 400), (width - 20, 200 + line)], fill=(200, 30, 30), width=4)
    return drawn


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setattr(screenshots, "COMMITTED", tmp_path / "committed")
    page().save(tmp_path / "overview-390.png")
    screenshots.accept(tmp_path / "overview-390.png")
    return tmp_path


@pytest.mark.parametrize("other", [{}, {"shade": 10}, {"height": 802}], ids=["same", "a shade", "two pixels higher"])
def test_what_nobody_sees_is_no_difference(folder: pathlib.Path, other: dict[str, Any]) -> None:
    page(**other).save(folder / "overview-390.png")
    assert screenshots.compare(folder / "overview-390.png") == screenshots.Difference()


@pytest.mark.parametrize(
    "other", [{"line": 60}, {"height": 900}, {"text": "Overdue now"}], ids=["line", "height", "text"]
)
def test_what_somebody_sees_is_one(folder: pathlib.Path, other: dict[str, Any]) -> None:
    page(**other).save(folder / "overview-390.png")
    assert "overview-390.png: " in screenshots.compare(folder / "overview-390.png").message


def test_a_page_without_a_committed_screenshot_names_the_command(folder: pathlib.Path) -> None:
    page().save(folder / "work-390.png")
    assert "make screenshots-accept" in screenshots.compare(folder / "work-390.png").message
