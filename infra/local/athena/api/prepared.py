"""PREPARE, EXECUTE and DEALLOCATE PREPARE: statements that a workgroup keeps under a name.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html. The API's calls of the same purpose
(`CreatePreparedStatement`, …) see the same statements.
"""

import dataclasses
import re
import time
from collections.abc import Sequence

from ministack.services import athena

from infra.local.athena.api.results import Result
from infra.local.athena.errors import AthenaError
from infra.local.athena.sql import trino
from infra.local.glue.hive_types import split_top

_PREPARE = re.compile(r"prepare\s+(\w+)\s+from\s+(.*)", re.IGNORECASE | re.DOTALL)
_EXECUTE = re.compile(r"execute\s+(\w+)(?:\s+using\s+(.*))?", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(r"deallocate\s+prepare\s+(\w+)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What to do for a statement.

    Args:
        sql: the statement to run.
        parameters: for the question marks in it.
        result: of a statement that is done already.
    """

    sql: str
    parameters: tuple[str, ...]
    result: Result | None = None


def resolve(query: str, parameters: Sequence[str], workgroup: str) -> Resolved:
    """Keep or forget a prepared statement, or put it in the place of the EXECUTE that names it.

    Raises:
        AthenaError: there is no statement of that name, or there is one already.
    """
    sql = trino.strip_comments(query)
    if found := _PREPARE.fullmatch(sql):
        _keep(workgroup, found.group(1), found.group(2).strip())
        return Resolved(query, (), Result())
    if found := _DEALLOCATE.fullmatch(sql):
        _find(workgroup, found.group(1))
        del athena._prepared_statements[f"{workgroup}/{found.group(1)}"]
        return Resolved(query, (), Result())
    if found := _EXECUTE.fullmatch(sql):
        given = tuple(split_top(found.group(2) or "")) or tuple(parameters)
        return Resolved(_find(workgroup, found.group(1)), given)
    return Resolved(query, tuple(parameters))


def _keep(workgroup: str, name: str, statement: str) -> None:
    key = f"{workgroup}/{name}"
    if key in athena._prepared_statements:
        raise AthenaError(f"PreparedStatement {name} already exists in workGroup {workgroup}")
    athena._prepared_statements[key] = {
        "StatementName": name,
        "WorkGroupName": workgroup,
        "QueryStatement": statement,
        "Description": "",
        "LastModifiedTime": int(time.time()),
    }


def _find(workgroup: str, name: str) -> str:
    found = athena._prepared_statements.get(f"{workgroup}/{name}")
    if found is None:
        raise AthenaError(f"PreparedStatement {name} was not found in workGroup {workgroup}")
    return str(found["QueryStatement"])
