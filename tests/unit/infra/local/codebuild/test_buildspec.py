import pathlib

import pytest

from infra.local.codebuild.buildspec import BuildspecError, load

SPEC = """
version: 0.2
env:
  variables: {DAYS: 3}
phases:
  build:
    commands:
      - true
      -
      - |
        echo one
        echo two
    finally:
      - echo done
"""


def test_a_buildspec_is_read_from_text_or_from_the_source(tmp_path: pathlib.Path) -> None:
    (tmp_path / "buildspec.yml").write_text(SPEC)
    assert load("", tmp_path) == load("buildspec.yml", tmp_path) == load(SPEC, tmp_path)
    spec = load(SPEC, tmp_path)
    assert spec.variables == {"DAYS": "3"}
    assert spec.commands == {"build": ["true", "echo one\necho two"]}
    assert spec.finally_commands == {"build": ["echo done"]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("elsewhere.yml", "stat elsewhere.yml: no such file"),
        ("a: [1\nb: 2", "while parsing"),
        ("version: 0.2\nenv: {}", "needs `phases`"),
        ("phases:\n  biuld: {commands: [a]}\n", "unknown phase: biuld"),
        ("phases:\n  build:\n    commands:\n      - echo a: b\n", r"Expected commands\[0\] to be of string type"),
        ('{"phases": {}, "env": {"secrets-manager": {"A": "b"}}}', "secrets-manager is not available"),
    ],
)
def test_what_is_no_buildspec_is_refused_with_the_reason(tmp_path: pathlib.Path, text: str, reason: str) -> None:
    with pytest.raises(BuildspecError, match=reason):
        load(text, tmp_path)
