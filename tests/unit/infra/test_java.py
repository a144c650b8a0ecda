"""Which Java Spark runs on where the wheel with Java does not exist."""

import importlib.util
import pathlib

import pytest

from infra.toolchain import java


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def make_java(home: pathlib.Path, version: str) -> pathlib.Path:
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2023-10-17' >&2\n")
    program.chmod(0o755)
    return home


@pytest.mark.usefixtures("no_wheel")
def test_the_java_of_the_system_serves_when_it_is_a_17(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    home = make_java(tmp_path / "jdk-17", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.java_home() == home


@pytest.mark.usefixtures("no_wheel")
def test_a_java_17_on_the_path_serves_when_java_home_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "jdk-21", "21.0.1")))
    home = make_java(tmp_path / "jdk-17", "17.0.9")
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert java.java_home() == home


@pytest.mark.usefixtures("no_wheel")
def test_without_java_17_the_message_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "jdk-8", "1.8.0_392")))
    with pytest.raises(java.MissingJavaError, match="apt install openjdk-17-jre-headless"):
        java.java_home()


def test_the_wheel_serves_where_there_is_one() -> None:
    assert java.major_version(java.java_home() / "bin" / "java") == 17
