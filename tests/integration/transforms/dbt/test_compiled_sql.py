"""Every statement of the dbt project, as dbt sends it, is Trino's SQL."""

import pytest

from infra.local.athena.sql.grammar import syntax_error, unknown_name
from tests.integration.transforms.dbt.conftest import Warehouse

pytestmark = [pytest.mark.account, pytest.mark.slow]


def test_every_compiled_model_and_test_is_in_trinos_grammar(warehouse: Warehouse) -> None:
    compiled = warehouse.dbt("compile")

    assert compiled.returncode == 0, compiled.stdout
    statements = sorted((warehouse.project / "target" / "compiled").rglob("*.sql"))
    models = {path.stem for path in (warehouse.project / "models").rglob("*.sql")}
    models |= {path.stem for path in (warehouse.project / "snapshots").glob("*.yml")}
    assert models <= {path.stem for path in statements}
    assert len(statements) > 2 * len(models)
    for path in statements:
        sql = path.read_text().strip()
        assert syntax_error(sql) == "", path.name
        assert unknown_name(sql) == "", path.name
