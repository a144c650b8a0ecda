"""One running statement: its connection, its caller, what it has read and what it has written."""

import atexit
import contextlib
import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa

from infra.local.account import credentials
from infra.local.athena.caller import Caller
from infra.local.athena.catalog.glue import Table
from infra.local.athena.sql import casts, clock_times, intervals, json_functions, python_functions, value_texts
from infra.local.athena.sql.functions import DOUBLE_DIVISION, MACROS
from infra.local.glue.hive_types import duck_to_hive, hive_to_trino

_counter = itertools.count()


@dataclasses.dataclass
class Session:
    """What every step of a statement needs.

    Args:
        caller: whose permissions it runs with.
        database: where unqualified names are looked up.
        connection: a DuckDB of its own.
        sql: the statement's text, for the places in messages.
        scratch: S3 location for tables created without one, below the query's results.
        enforced: the workgroup prescribes where results go.
        scan_limit: bytes that the workgroup lets one query scan.
        scanned: bytes read so far.
        written: URIs of the files written so far.
        tables: what the catalog said of the tables that the statement has mentioned; it sees one state of each.
    """

    caller: Caller
    database: str
    connection: duckdb.DuckDBPyConnection
    sql: str = ""
    scratch: str = ""
    enforced: bool = False
    scan_limit: int | None = None
    scanned: int = 0
    written: list[str] = dataclasses.field(default_factory=list)
    tables: dict[tuple[str, str], Table] = dataclasses.field(default_factory=dict)

    def new_name(self, prefix: str) -> str:
        """A name that nothing else has."""
        return f"{prefix}{next(_counter)}"

    def table(self, database: str, name: str) -> Table:
        """The table or view as the statement sees it.

        Raises:
            AthenaError: TABLE_NOT_FOUND.
        """
        found = self.tables.get((database, name))
        if found is None:
            found = self.tables[database, name] = self.caller.catalog.table(database, name)
        return found

    def place(self, database: str, name: str) -> tuple[str, str]:
        """Database and table in lower case, the session's database where none is named."""
        return (database or self.database).lower(), name.lower()


def arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """All rows of a query."""
    return connection.execute(sql).to_arrow_table()


# Pushing types into the JSON and CSV readers turns a cast that fails into a file that cannot be read; with statistics,
# the plan over empty tables would be no plan at all; a scan by row number, which late materialization makes, does not
# say which columns it reads; and the join that a long IN becomes does not say which values it has.
_SETTINGS = """
set timezone = 'UTC';
set integer_division = true;
set preserve_insertion_order = false;
set disabled_optimizers = 'type_pushdown,statistics_propagation,late_materialization,in_clause';
"""


MEMORY_LIMIT = "2GB"
"""What DuckDB may hold; it writes the rest of a sort or a join to the account's temporary folder."""


def _type_name(duck: str) -> str:
    if duck == '"NULL"':
        return "unknown"
    # the fields of a row without names have none in its type either
    return re.sub(r"\bfield\d+ ", "", hive_to_trino(duck_to_hive(duck)))


@functools.cache
def _engine() -> duckdb.DuckDBPyConnection:
    """The process's DuckDB, with Trino's functions: starting it and defining them takes longer than most queries."""
    spill = str(credentials.settings().temporary / "athena")
    opened = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": spill})
    # a function keeps what `/` meant when it was parsed
    opened.execute(DOUBLE_DIVISION)
    opened.execute(_SETTINGS)
    opened.create_function("t_type_name", _type_name, ["VARCHAR"], "VARCHAR")
    opened.execute(MACROS)
    opened.execute(casts.macros())
    opened.execute(intervals.MACROS)
    opened.execute(clock_times.MACROS)
    opened.execute(value_texts.MACROS)
    atexit.register(_close)
    return opened


_defined: set[str] = set()


def define_functions(names: Iterable[str]) -> None:
    """Define those functions in Python that a statement calls: all of them would take a tenth of a second."""
    for name in python_functions.FUNCTIONS.keys() & set(names) - _defined:
        nulls: Any = "special" if name in json_functions.MAY_GIVE_NULL else "default"
        _engine().create_function(name, *python_functions.FUNCTIONS[name], null_handling=nulls)
        _defined.add(name)


def _close() -> None:
    # a function of Python's that outlives the interpreter is reported as a leak
    for name in ("t_type_name", *_defined):
        _engine().remove_function(name)
    _defined.clear()
    _engine().close()
    _engine.cache_clear()


@contextlib.contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that computes as Trino does, with a database of its own in memory that is gone at the end."""
    own = f"s{next(_counter)}"
    opened = _engine().cursor()
    try:
        opened.execute(f"attach ':memory:' as {own}; set search_path = '{own}.main,memory.main'; {_SETTINGS}")
        opened.execute("create schema __scan")
        yield opened
    finally:
        opened.close()
        # not by the connection itself, which may be interrupted still
        with contextlib.closing(_engine().cursor()) as other:
            other.execute(f"detach database if exists {own}")
