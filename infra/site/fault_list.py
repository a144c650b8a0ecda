"""docs/reference/faults.md: the faults that `insights gameday` knows, from their definitions."""

from infra.local.gameday.faults import FAULTS
from infra.site.markdown import code, page, table

INTRODUCTION = """\
# GameDay faults

Written by `make reference` from `infra/local/gameday/faults.py`. `insights gameday` puts one of them into the local
account and times its repair. Do not read on before you have played."""


def text() -> str:
    """The whole page."""
    rows = [(code(fault.name), fault.symptom, f"[{fault.runbook}](../runbooks/{fault.runbook}.md)") for fault in FAULTS]
    return page(INTRODUCTION, table(("fault", "how it shows", "runbook"), rows))
