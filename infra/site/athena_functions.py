"""docs/reference/athena-functions.md: which of Trino's functions the local account's Athena has.

Each documented signature is bound by the engine itself, without an account; what it refuses is missing.
"""

import pathlib
import tomllib

import duckdb
from sqlglot import exp

from infra.local.athena import session
from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import trino, unnest
from infra.local.athena.sql.duckdb_errors import from_duckdb
from infra.site.markdown import code, codes, page, table

CALLS = pathlib.Path(__file__).with_suffix(".toml")
ROWS = "from (values (1, 1e0, 'a'), (2, 2e0, 'b'), (3, 3e0, 'b')) t (x, d, s)"
INTRODUCTION = """\
# Athena's functions in the local account

Written by `make reference` from `infra/site/athena_functions.toml`. It lists the functions of
[Trino's documentation](https://trino.io/docs/current/functions/list-by-topic.html), each with calls of its
signatures. The local engine binds every call. What it refuses is missing here: a statement with it fails, and says so.
In AWS, Athena has it. Conformance tests hold values, types, NULLs and errors to the documentation."""


def calls() -> dict[str, dict[str, list[str]]]:
    """Topic -> function -> calls of its signatures."""
    return tomllib.loads(CALLS.read_text())


def refusals() -> dict[str, str]:
    """Each call that the engine does not bind, and why."""
    found = {}
    with session.connection() as connection:
        for functions in calls().values():
            for call in [call for examples in functions.values() for call in examples]:
                if reason := _refusal(connection, call):
                    found[call] = reason
    return found


def _refusal(connection: duckdb.DuckDBPyConnection, call: str) -> str:
    try:
        tree = trino.to_duck(trino.parse(f"select {call} {ROWS}", check_grammar=False))
        session.define_functions(node.name.lower() for node in tree.find_all(exp.Anonymous))
        tree = unnest.choose(connection, tree, lambda candidate: trino.duck_sql(candidate.copy()))
        connection.execute(f"explain {trino.duck_sql(tree)}")
    except AthenaError as error:
        return str(error)
    except duckdb.Error as error:
        return str(from_duckdb(error))
    return ""


def text() -> str:
    """The whole page."""
    refused = refusals()
    rows = []
    for topic, functions in calls().items():
        missing = [
            code(name) if not any(call not in refused for call in examples) else f"{code(name)}: {codes(part)}"
            for name, examples in sorted(functions.items(), key=lambda pair: pair[0].lower())
            if (part := [call for call in examples if call in refused]) or not examples
        ]
        here = sum(any(call not in refused for call in examples) for examples in functions.values())
        rows.append((topic, f"{here} of {len(functions)}", ", ".join(missing) or "–"))
    return page(INTRODUCTION, table(("topic", "here", "missing"), rows))
