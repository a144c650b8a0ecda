"""All generated pages: what each is written from, which are out of date, and what has no description."""

import pathlib
from collections.abc import Callable

from infra import ROOT
from infra.cli import docs_generator as commands
from infra.site import (
    alarm_list,
    api_reference,
    architecture_diagram,
    athena_functions,
    data_dictionary,
    dependency_list,
    fault_list,
    iam_table,
    runbooks,
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
    ROOT / "docs" / "alarms.md": alarm_list.text,
    REFERENCE / "api.md": api_reference.text,
    REFERENCE / "architecture.md": architecture_diagram.text,
    REFERENCE / "athena-functions.md": athena_functions.text,
    REFERENCE / "dependencies.md": dependency_list.text,
    REFERENCE / "events-and-metrics.md": signals_reference.text,
    REFERENCE / "faults.md": fault_list.text,
    REFERENCE / "iam.md": iam_table.text,
    REFERENCE / "settings.md": settings_reference.text,
    REFERENCE / "state-machine.md": state_machine_diagram.text,
    REFERENCE / "tables.md": data_dictionary.text,
}
"""Each page of its own, and what gives its text. Runbooks come as a whole folder; docs/openapi.json is written by
`make openapi`."""
DESCRIBED: tuple[Callable[[], list[str]], ...] = (
    api_reference.undocumented,
    data_dictionary.undocumented,
    runbooks.undocumented,
    settings_reference.undocumented,
    signals_reference.undocumented,
    state_machine_diagram.undocumented,
)


def stale() -> list[pathlib.Path]:
    """The pages that are not what they would be written as, and runbooks of alarms that are gone."""
    changed = [path for path, text in written().items() if not path.exists() or path.read_text() != text]
    return [*changed, *gone()]


def written() -> dict[pathlib.Path, str]:
    """Every generated page and its text."""
    return {path: text() for path, text in PAGES.items()} | runbooks.pages()


def gone() -> list[pathlib.Path]:
    """Files among the runbooks that no alarm has."""
    return sorted(set(runbooks.FOLDER.glob("*.md")) - set(runbooks.pages()))


def undocumented() -> list[str]:
    """What has no description, each with the place to write it."""
    return [finding for find in DESCRIBED for finding in find()]


def write() -> list[pathlib.Path]:
    """Write the pages that are out of date, delete runbooks of alarms that are gone; the paths of both."""
    changed, texts = stale(), written()
    for path in changed:
        if path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
        else:
            path.unlink()
    return changed
