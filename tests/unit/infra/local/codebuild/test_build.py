"""What a build does when its time is over, which is five minutes at the least on a real project."""

import json
import pathlib
from typing import Any

import pytest

from infra.local.account import credentials
from infra.local.account.settings import Settings
from infra.local.codebuild import build


class SilentLog:
    def __init__(self, *_: Any) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)

    def flush(self) -> None:
        pass

    flush_now_and_then = flush


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> dict[str, Any]:
    """A build of one minute, in a world in which a minute is a third of a second and there is no account."""
    settings = Settings(home=tmp_path)
    settings.temporary.mkdir()
    monkeypatch.setattr(build, "SECONDS_PER_MINUTE", 0.3)
    monkeypatch.setattr(build, "LogStream", SilentLog)
    monkeypatch.setattr(credentials, "settings", lambda: settings)
    monkeypatch.setattr(credentials, "role_session", lambda *_: None)
    monkeypatch.setattr(credentials, "role_environment", lambda *_: {})
    commands = {"build": ["sleep 60"], "post_build": ["true"]}
    spec = {"phases": {name: {"commands": phase} for name, phase in commands.items()}}
    return {
        "id": "p:1",
        "arn": "arn",
        "buildNumber": 1,
        "initiator": "me",
        "startTime": 0.0,
        "serviceRole": "role",
        "timeoutInMinutes": 1,
        "source": {"type": "NO_SOURCE", "buildspec": json.dumps(spec)},
        "environment": {},
        "logs": {"groupName": "g", "streamName": "s"},
        "phases": [],
    }


def test_a_build_that_takes_too_long_is_killed_and_says_so(record: dict[str, Any]) -> None:
    build.Build(record).run()
    assert (record["buildStatus"], record["buildComplete"]) == ("TIMED_OUT", True)
    phases = {phase["phaseType"]: phase for phase in record["phases"]}
    assert phases["BUILD"]["phaseStatus"] == "TIMED_OUT"
    assert phases["BUILD"]["contexts"][0]["message"] == "Build has timed out after 1 minutes."
    assert "POST_BUILD" not in phases


def test_what_only_a_real_account_can_give_fails_the_build(record: dict[str, Any]) -> None:
    record["environment"] = {"environmentVariables": [{"name": "TOKEN", "value": "x", "type": "SECRETS_MANAGER"}]}
    build.Build(record).run()
    assert record["buildStatus"] == "FAILED"
    assert "TOKEN" in record["phases"][1]["contexts"][0]["message"]


def test_a_source_of_another_kind_fails_the_download(record: dict[str, Any]) -> None:
    record["source"] = {**record["source"], "type": "GITHUB", "location": "https://example.com/x.git"}
    build.Build(record).run()
    assert record["buildStatus"] == "FAILED"
    assert [phase["phaseType"] for phase in record["phases"]] == ["PROVISIONING", "DOWNLOAD_SOURCE", "COMPLETED"]
