"""Two deployments at once from one checkout: the second one waits, and says for whom."""

import os
import pathlib
import threading

import pytest

from infra.deploy import one_at_a_time


def test_a_second_deployment_waits_for_the_first_and_names_it(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, order = tmp_path / "cdk.out" / "local", list[str]()
    begun, finish = threading.Event(), threading.Event()

    def first() -> None:
        with one_at_a_time(output):
            begun.set()
            finish.wait(10)
            order.append("first")

    deploying = threading.Thread(target=first)
    deploying.start()
    begun.wait(10)
    threading.Timer(0.3, finish.set).start()
    with one_at_a_time(output):
        order.append("second")
    deploying.join()
    assert order == ["first", "second"]
    assert f"another deployment from this checkout is under way (process {os.getpid()})" in capsys.readouterr().err
    with one_at_a_time(output):
        pass
    assert "another" not in capsys.readouterr().err
