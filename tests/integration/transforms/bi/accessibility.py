"""Rules of WCAG 2.2 AA that a page can be held to by itself: contrast of text, names of controls, order of headings.

https://www.w3.org/TR/WCAG22/ 1.4.3, 4.1.2, 1.3.1. Text of charts is drawn; its colours are tested where charts are.
"""

import pathlib

from playwright.sync_api import Page

_FINDINGS = pathlib.Path(__file__).with_suffix(".js").read_text()


def findings(page: Page) -> list[str]:
    """What breaks a rule on the page as it is shown; empty when nothing does."""
    found: list[str] = page.evaluate(_FINDINGS)
    return sorted(set(found))


def focused_labels(page: Page, presses: int) -> list[str]:
    """What the tabulator reaches, one press after the other: the name or text of each element."""
    reached = []
    for _ in range(presses):
        page.keyboard.press("Tab")
        name = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
        reached.append(str(page.evaluate(f"() => {name}")).strip())
    return reached
