"""MERGE, UPDATE and DELETE on Iceberg tables.

DuckDB changes a copy of the table, and one Iceberg commit replaces its content. Athena writes delete files instead
(merge on read); what a reader sees is the same.
"""

import random
import time

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue
from sqlglot import exp

from infra.local.athena.catalog.glue import is_iceberg
from infra.local.athena.data import binding, iceberg
from infra.local.athena.errors import OTHER, AthenaError
from infra.local.athena.session import Session, arrow
from infra.local.glue.hive_types import quote_identifier

_ATTEMPTS = 5


def change(session: Session, tree: exp.Merge | exp.Update | exp.Delete) -> int:
    """Run the statement; returns the number of rows changed. Starts anew when another commit came in between.

    Raises:
        AthenaError: not an Iceberg table, or commits kept coming in between.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _change(session, tree.copy())
        except (CommitFailedException, ValidationException):
            time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311 - jitter, no secret
    raise AthenaError("ICEBERG_COMMIT_ERROR: Failed to commit: the table was changed by others", OTHER)


def _change(session: Session, tree: exp.Expr) -> int:
    target = tree.this
    database, name = session.place(target.db, target.name)
    table = session.caller.catalog.table(database, name)
    if not is_iceberg(table):
        raise AthenaError("NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables")
    loaded = session.caller.iceberg.load(database, name)
    snapshot = iceberg.Snapshot(loaded.scan())
    data, scanned = snapshot.read(set(snapshot.names()), AlwaysTrue())
    session.scanned += scanned
    relation = session.new_name("target")
    columns = ", ".join(quote_identifier(column) for column in snapshot.names())
    session.connection.register("__arrow", data)
    session.connection.execute(f"create table __scan.{relation} as select {columns} from __arrow")
    session.connection.unregister("__arrow")
    known_as = exp.to_identifier(target.alias or name, quoted=True)
    tree.set("this", exp.to_table(f"__scan.{relation}", alias=known_as))
    changed = session.connection.execute(binding.bind(session, tree)).fetchone()
    count = int(changed[0]) if changed else 0
    if count:
        content = arrow(session.connection, f"select * from __scan.{relation}")
        iceberg.replace(loaded, content)
    return count
