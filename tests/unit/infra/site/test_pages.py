"""The generated pages are what the code says, and everything in them is described."""

import json
import pathlib

import pytest

from infra import ROOT
from infra.site import (
    api_reference,
    architecture_diagram,
    data_dictionary,
    hooks,
    iam_table,
    pages,
    settings_reference,
    signals_reference,
    state_machine_diagram,
    templates,
)
from infra.site.__main__ import main


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_is_what_it_would_be_written_as(page: pathlib.Path) -> None:
    assert page.read_text() == pages.PAGES[page](), f"{page.name} is out of date: `make reference` writes it"


def test_everything_has_a_description() -> None:
    assert pages.undocumented() == []


def test_a_stale_page_fails_the_check(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "build" / tmp_path.name / "page.md"
    monkeypatch.setattr(pages, "PAGES", {page: lambda: "now\n"})
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
    monkeypatch.setattr(pages, "PAGES", {})
    assert main([]) == 1
    printed = capsys.readouterr().err
    for name in ("INSIGHTS_LOCAL_PORT is read", "GONE is described", "'published' is not", "metric StateFailed is not"):
        assert name in printed


def test_a_column_and_a_route_without_description_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "bare.yml").write_text("models: [{name: bare, columns: [{name: silent}]}]")
    monkeypatch.setattr(data_dictionary, "DBT", tmp_path)
    found = data_dictionary.undocumented()
    assert [text.split(" has")[0] for text in found] == ["bare", "bare.silent"]
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
    assert "    BuildSilver -.-> ReadCause" in drawn
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
