"""`make test-changed`: which tests a change selects, in a repository of a few files."""

import pathlib

import pytest

from tests.changed import select_tests

FILES = {
    "api/__init__.py": "",
    "api/keys.py": "KEY = 1",
    "api/items.py": "from api import keys",
    "api/routes.py": "import json",
    "infra/local/athena/sql.py": "",
    "infra/stacks/data.py": "",
    "transforms/dbt/models/marts/fct_tasks.sql": "",
    "tests/conftest.py": "",
    "tests/unit/api/test_items.py": "from api.items import read",
    "tests/unit/api/test_other.py": "import json",
    "tests/unit/ingestion/test_handler.py": "from api.keys import KEY",
    "tests/integration/api/conftest.py": "import api.routes",
    "tests/integration/api/test_routes.py": "",
    "tests/integration/local/athena/test_sql.py": "",
    "tests/integration/local/test_logs.py": "",
    "tests/integration/transforms/dbt/test_gold.py": "",
    "tests/infra/test_stacks.py": "",
    "tests/e2e/test_chain.py": "from api.keys import KEY",
}


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> pathlib.Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "selected"),
    [
        (
            "api/keys.py",
            [
                "tests/integration/api/test_routes.py",
                "tests/unit/api/test_items.py",
                "tests/unit/api/test_other.py",
                "tests/unit/ingestion/test_handler.py",
            ],
        ),
        ("infra/local/athena/sql.py", ["tests/integration/local/athena/test_sql.py"]),
        ("infra/stacks/data.py", ["tests/infra/test_stacks.py"]),
        ("transforms/dbt/models/marts/fct_tasks.sql", ["tests/integration/transforms/dbt/test_gold.py"]),
        ("tests/unit/api/test_other.py", ["tests/unit/api/test_other.py"]),
        ("tests/integration/api/conftest.py", ["tests/integration/api/test_routes.py"]),
        ("tests/e2e/test_chain.py", ["tests/e2e/test_chain.py"]),
        ("README.md", []),
    ],
)
def test_a_change_selects_what_it_can_break(repository: pathlib.Path, changed: str, selected: list[str]) -> None:
    assert [str(path) for path in select_tests([pathlib.PurePath(changed)], repository)] == selected


def test_a_dependent_is_selected_through_other_modules(repository: pathlib.Path) -> None:
    (repository / "tests/unit/api/test_other.py").unlink()
    (repository / "tests/unit/ingestion/test_handler.py").write_text("import api.items")
    selected = select_tests([pathlib.PurePath("api/keys.py")], repository)
    assert pathlib.PurePath("tests/unit/ingestion/test_handler.py") in selected


def test_a_module_that_was_deleted_selects_those_who_import_it(repository: pathlib.Path) -> None:
    (repository / "api/items.py").unlink()
    selected = select_tests([pathlib.PurePath("api/items.py")], repository)
    assert pathlib.PurePath("tests/unit/api/test_items.py") in selected
