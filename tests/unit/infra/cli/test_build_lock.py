"""Two dbt commands in one database run one after the other."""

import pathlib
import threading

import pytest

from infra.cli import dbt

ENVIRONMENT = {"DBT_TARGET": "local", "DBT_USER": "kim"}


@pytest.fixture(autouse=True)
def locks(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "LOCKS", tmp_path)


def test_a_second_command_waits_for_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with dbt.build_lock("local", ENVIRONMENT):
            order.append("second")

    thread = threading.Thread(target=second)
    with dbt.build_lock("local", ENVIRONMENT):
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert "waiting for its end" in capsys.readouterr().err


def test_commands_in_other_databases_do_not_wait() -> None:
    with dbt.build_lock("local", ENVIRONMENT), dbt.build_lock("local", {**ENVIRONMENT, "DBT_USER": "lee"}):
        pass
