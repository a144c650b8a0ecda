"""The generated pages are what the code says, and everything in them is described."""

import json
import pathlib
import re

import pytest

from infra import ROOT
from infra.site import (
    api_reference,
    architecture_diagram,
    data_dictionary,
    hooks,
    iam_table,
    pages,
    runbooks,
    settings_reference,
    signals_reference,
    state_machine_diagram,
    templates,
)
from infra.site.__main__ import main


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_is_what_it_would_be_written_as(page: pathlib.Path) -> None:
    assert page.read_text() == pages.PAGES[page](), f"{page.name} is out of date: `make reference` writes it"


def test_the_runbooks_are_what_their_sources_say() -> None:
    for path, text in runbooks.pages().items():
        assert path.read_text() == text, f"{path.name} is out of date: `make reference` writes it"
    assert pages.gone() == []


def test_every_alarm_has_a_page_with_the_same_headings() -> None:
    names = [alarm.name for alarm in runbooks.alarms()]
    assert len(names) > 90
    for name in names:
        headings = re.findall(r"^## (.+)$", (runbooks.FOLDER / f"{name}.md").read_text(), re.MULTILINE)
        assert tuple(headings) == runbooks.HEADINGS, name


def test_a_line_is_kept_for_its_alarms_only() -> None:
    sections = "\n\n".join(f"## {heading}\n\nText." for heading in runbooks.HEADINGS[:-1])
    text = "<!-- alarms: todo-(?P<function>api|cdc)-errors -->\n\n" + sections
    text += "\n\n## Escalate\n\n[function=api] To {function}.\n[function=cdc] Never."
    source = runbooks.read_source("errors", text)
    assert source.fill(runbooks.Alarm("todo-api-errors", {}))["Escalate"] == "To api."
    assert source.fill(runbooks.Alarm("todo-cdc-errors", {}))["Escalate"] == "Never."


def test_an_alarm_without_a_source_and_a_source_without_an_alarm_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without = tuple(source for source in runbooks.sources() if source.name != "api-5xx")
    added = runbooks.read_source("gone", "<!-- alarms: todo-gone -->\n\n## Meaning\n\nText.")
    monkeypatch.setattr(runbooks, "sources", lambda: (*without, added))
    found = runbooks.undocumented()
    assert "alarm todo-api-5xx has 0 sources in docs/runbooks/sources: []" in found
    assert "docs/runbooks/sources/gone.md is about no alarm" in found
    assert any(finding.startswith("docs/runbooks/sources/gone.md needs") for finding in found)


def test_everything_has_a_description() -> None:
    assert pages.undocumented() == []


def test_a_stale_page_fails_the_check(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "build" / tmp_path.name / "page.md"
    monkeypatch.setattr(pages, "written", lambda: {page: "now\n"})
    assert main(["--check"]) == 1
    assert "is out of date" in capsys.readouterr().out
    assert not page.exists()


def test_what_is_not_described_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(settings_reference.DESCRIPTIONS, "INSIGHTS_LOCAL_PORT")
    monkeypatch.delitem(signals_reference.EVENTS, "published")
    monkeypatch.delitem(signals_reference.METRICS, "StateFailed")
    monkeypatch.setitem(settings_reference.DESCRIPTIONS, "GONE", "nothing reads it")
    monkeypatch.setattr(pages, "written", dict)
    assert main([]) == 1
    printed = capsys.readouterr().err
    for name in ("INSIGHTS_LOCAL_PORT is read", "GONE is described", "'published' is not", "metric StateFailed is not"):
        assert name in printed


def test_a_column_and_a_route_without_description_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "models" / "marts").mkdir(parents=True)
    (tmp_path / "models" / "marts" / "bare.yml").write_text("models: [{name: bare, columns: [{name: silent}]}]")
    monkeypatch.setattr(data_dictionary, "DBT", tmp_path)
    found = data_dictionary.undocumented()
    assert [re.split(" (?:has|does)", text)[0] for text in found] == ["bare", "bare", "bare.silent"]
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps({"paths": {"/tasks": {"get": {}}}}))
    monkeypatch.setattr(api_reference, "DOCUMENT", document)
    assert api_reference.undocumented() == ["GET /tasks has no description in docs/openapi.json"]


def test_the_log_calls_of_a_module_are_found() -> None:
    source = 'report = log.error if bad else log.info\nreport("done")\nlogger.warning("slow", extra={})\nprint("no")'
    assert sorted(signals_reference.log_calls(source)) == [("done", "ERROR"), ("done", "INFO"), ("slow", "WARNING")]


def test_the_diagrams_have_every_state_and_every_function() -> None:
    definition = json.loads(state_machine_diagram.DEFINITION.read_text())
    drawn = state_machine_diagram.diagram(definition)
    for name, state in definition["States"].items():
        assert f"    {name}{state_machine_diagram.SHAPES.get(state['Type'], '[]')[0]}" in drawn
    assert "    BuildSilver -.-> HandleFailure" in drawn
    architecture = architecture_diagram.diagram()
    for _, _, function in templates.resources("AWS::Lambda::Function"):
        assert function["Properties"]["FunctionName"] in architecture
    for edge in (
        "DataTable --> IngestionCdc",
        "IngestionDelivery --> DataBronze",
        "OrchestrationPipeline --> TransformsSilver",
        "OrchestrationHourly --> OrchestrationPipeline",
    ):
        assert edge in architecture


def test_the_iam_table_has_every_action_of_every_role() -> None:
    page = iam_table.text()
    actions = {
        action
        for _, _, role in templates.resources("AWS::IAM::Role")
        for statement in iam_table.statements(role)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert len(actions) > 50
    assert [action for action in actions if f"`{action}`" not in page] == []


def test_links_that_leave_the_site_lead_to_the_repository() -> None:
    text = "[page](../operate.md), [folder](../adrs), [code](../../infra/app.py#L1), [web](https://example.com)"
    folder = ROOT / "docs" / "tutorials"
    assert hooks.link_outside(text, folder, "https://example.com/blob/main") == (
        "[page](../operate.md), [folder](../adrs/README.md), "
        "[code](https://example.com/blob/main/infra/app.py), [web](https://example.com)"
    )
    assert "code, [web]" in hooks.link_outside(text, folder)
