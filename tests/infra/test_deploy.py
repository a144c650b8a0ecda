"""Deploying says what is wrong, in words, and never leaves half of something behind."""

import pathlib

import pytest

from infra import deploy as module
from infra.deploy import DeployError, deploy, synth
from infra.local.account.settings import Settings
from infra.toolchain import node
from tests.conftest import free_port


def test_an_account_that_does_not_answer_is_named_before_any_work_is_done(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.install()
    monkeypatch.setattr(module, "OUTPUT", tmp_path / "cdk.out")
    settings = Settings(home=tmp_path, port=free_port())
    environment = {**settings.client_environment(), "AWS_MAX_ATTEMPTS": "1"}

    with pytest.raises(DeployError, match=f"cannot reach the account.*{settings.endpoint}"):
        deploy(environment, "local", quiet=True)

    assert not (tmp_path / "cdk.out").exists()


def test_a_failed_synthesis_says_why_and_keeps_the_last_good_output(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tmp_path / "infra"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "app.py").write_text("raise SystemExit('the app is broken')")
    output = tmp_path / "out" / "local"
    output.mkdir(parents=True)
    (output / "manifest.json").write_text("the last good one")
    monkeypatch.setattr(module, "ROOT", tmp_path)

    with pytest.raises(DeployError, match="the app is broken"):
        synth("local", output)

    assert (output / "manifest.json").read_text() == "the last good one"
    assert list(output.parent.iterdir()) == [output]
