"""All generated pages: what each is written from, which are out of date, and what has no description."""

import pathlib
from collections.abc import Callable

from infra import ROOT
from infra.cli import docs_generator as commands
from infra.site import (
    api_reference,
    architecture_diagram,
    data_dictionary,
    dependency_list,
    iam_table,
    settings_reference,
    signals_reference,
    state_machine_diagram,
)
from transforms.bi import docs_generator as bi
from transforms.silver import docs_generator as silver

REFERENCE = ROOT / "docs" / "reference"
PAGES: dict[pathlib.Path, Callable[[], str]] = {
    commands.PAGE: commands.text,
    silver.SOURCES: silver.sources,
    silver.PAGE: silver.page,
    bi.PAGE: lambda: bi.page(bi.PAGE.read_text()),
    REFERENCE / "api.md": api_reference.text,
    REFERENCE / "architecture.md": architecture_diagram.text,
    REFERENCE / "dependencies.md": dependency_list.text,
    REFERENCE / "events-and-metrics.md": signals_reference.text,
    REFERENCE / "iam.md": iam_table.text,
    REFERENCE / "settings.md": settings_reference.text,
    REFERENCE / "state-machine.md": state_machine_diagram.text,
    REFERENCE / "tables.md": data_dictionary.text,
}
"""Each page, and what gives its text. docs/alarms.md and docs/openapi.json are written with what they describe: by
`make synth-accept` and `make openapi`."""
DESCRIBED: tuple[Callable[[], list[str]], ...] = (
    api_reference.undocumented,
    data_dictionary.undocumented,
    settings_reference.undocumented,
    signals_reference.undocumented,
    state_machine_diagram.undocumented,
)


def stale() -> list[pathlib.Path]:
    """The pages that are not what they would be written as."""
    return [path for path, text in PAGES.items() if not path.exists() or path.read_text() != text()]


def undocumented() -> list[str]:
    """What has no description, each with the place to write it."""
    return [finding for find in DESCRIBED for finding in find()]


def write() -> list[pathlib.Path]:
    """Write the pages that are out of date; their paths."""
    changed = stale()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[path]())
    return changed
