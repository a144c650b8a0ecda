"""`insights doctor` prints a line for each check and fails when one does."""

import json

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import doctor
from infra.preflight import Finding, Level, failed, machine, passed

app = typer.Typer()


@app.callback()
def choose(context: typer.Context) -> None:
    """As the program does: the target is the context's object."""
    context.obj = "local"


app.command()(doctor.doctor)


def run(monkeypatch: pytest.MonkeyPatch, *findings: Finding, words: tuple[str, ...] = ()) -> tuple[int, str]:
    monkeypatch.setattr(machine, "check_tools", lambda: list(findings))
    monkeypatch.setattr(machine, "check_local_account", lambda _: [])
    result = CliRunner().invoke(app, ["doctor", *words])
    return result.exit_code, result.stdout


def test_all_well_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, passed("Python", "3.11"))
    assert code == 0
    assert ["ok", "Python", "3.11"] in [line.split() for line in output.splitlines()]


def test_a_failed_check_is_1_and_prints_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, passed("Python", "3.11"), failed("port", "in use", "stop it"))
    assert code == 1
    assert "→ stop it" in output


def test_what_is_unknown_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = run(monkeypatch, Finding("names", Level.UNKNOWN, "AccessDenied", "ask"))
    assert code == 0


def test_json_has_every_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, failed("port", "in use", "stop it"), words=("--json",))
    assert code == 1
    assert json.loads(output) == [{"check": "port", "level": "fail", "found": "in use", "fix": "stop it"}]
