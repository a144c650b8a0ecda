"""Every statement of the dbt project, as dbt sends it, is Trino's SQL."""

import json

import pytest

from infra.local.athena.sql.grammar import syntax_error, unknown_name
from tests.integration.transforms.dbt.conftest import Warehouse

pytestmark = [pytest.mark.account, pytest.mark.slow]


def test_every_compiled_model_and_test_is_in_trinos_grammar(warehouse: Warehouse) -> None:
    compiled = warehouse.dbt("compile")

    assert compiled.returncode == 0, compiled.stdout
    statements = sorted((warehouse.project / "target" / "compiled").rglob("*.sql"))
    models = {path.stem for path in (warehouse.project / "models").rglob("*.sql")}
    assert models <= {path.stem for path in statements}
    assert len(statements) > 2 * len(models)
    # dbt writes no files of snapshots
    nodes = json.loads((warehouse.project / "target" / "manifest.json").read_text())["nodes"].values()
    snapshots = {one["name"]: one["compiled_code"] for one in nodes if one["resource_type"] == "snapshot"}
    assert "int_user_attributes" in snapshots["users_snapshot"]
    for name, text in {**{path.name: path.read_text() for path in statements}, **snapshots}.items():
        sql = text.strip()
        assert syntax_error(sql) == "", name
        assert unknown_name(sql) == "", name
