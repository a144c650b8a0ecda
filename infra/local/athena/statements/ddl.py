"""Statements that are Hive's, not Trino's: databases, DROP, SHOW, DESCRIBE, MSCK REPAIR, CREATE TABLE.

They go by pattern, since no SQL parser knows Athena's mixture
(https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html).
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from infra.local.athena.api.jobs import ExternalTable
from infra.local.athena.api.results import Result
from infra.local.athena.catalog.glue import Catalog, is_iceberg, is_view, partition_keys
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session
from infra.local.athena.sql.names import DATABASE, FULL_NAME, place_of
from infra.local.athena.statements import alter_table, show
from infra.local.glue.hive_types import split_top

_KIND = re.compile(r"(drop|alter|msck|optimize|vacuum|show|describe|desc|explain|create\s+(?:schema|database))\b", re.I)
_CREATE_ICEBERG = re.compile(
    rf"create\s+table\s+(if\s+not\s+exists\s+)?{FULL_NAME}\s*\((?P<columns>.*?)\)"
    r"(?:\s*comment\s+'[^']*')?(?:\s*partitioned\s+by\s*\((?P<partitioning>(?:[^()]|\([^()]*\))*)\))?"
    r"(?:\s*location\s+'(?P<location>[^']*)')?\s*tblproperties\s*\((?P<properties>[^)]*)\)",
    re.DOTALL | re.IGNORECASE,
)
_Match = re.Match[str]


def run(session: Session, sql: str) -> Result | None:
    """The result of a DDL or utility statement; None when `sql` is none of them."""
    if found := _CREATE_ICEBERG.fullmatch(sql):
        return _create_iceberg(session, found)
    if not _KIND.match(sql):
        return None
    for pattern, action in _STATEMENTS:
        if found := re.fullmatch(pattern, sql, re.DOTALL | re.IGNORECASE):
            return action(session, found)
    return None


def _create_database(session: Session, found: _Match) -> Result:
    location = {"LocationUri": found.group(3)} if found.group(3) else {}
    glue = session.caller.catalog.glue
    try:
        glue.create_database(DatabaseInput={"Name": found.group(2).lower(), **location})
    except glue.exceptions.AlreadyExistsException:
        if not found.group(1):
            raise AthenaError(f"SCHEMA_ALREADY_EXISTS: Schema '{found.group(2)}' already exists") from None
    return Result()


def _drop_database(session: Session, found: _Match) -> Result:
    if_exists, name, mode = found.groups()
    catalog = session.caller.catalog
    if name.lower() not in catalog.databases():
        if if_exists:
            return Result()
        raise AthenaError(f"SCHEMA_NOT_FOUND: Schema '{name}' does not exist")
    if "cascade" not in (mode or "").lower() and next(catalog.tables(name.lower()), None):
        raise AthenaError(f"FAILED: Execution Error: InvalidOperationException(message:Database {name} is not empty.)")
    catalog.glue.delete_database(Name=name.lower())
    return Result()


def _drop_table(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found, 3)
    table = session.caller.catalog.find(database, name)
    if table is None:
        if found.group(2):
            return Result()
        raise AthenaError(f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist")
    if (found.group(1).lower() == "view") != is_view(table):
        raise AthenaError(f"FAILED: SemanticException: Cannot drop a {'view' if is_view(table) else 'table'} with this")
    session.caller.catalog.drop(database, name)
    if is_iceberg(table):
        # Athena deletes the data of Iceberg tables, and only of those
        session.caller.objects.delete_prefix(table["StorageDescriptor"]["Location"])
    return Result()


def _repair(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found)
    table = session.caller.catalog.table(database, name)
    keys = [key for key, _ in partition_keys(table)]
    locations: dict[tuple[str, ...], str] = {}
    for file in session.caller.objects.list_prefix(table["StorageDescriptor"]["Location"]):
        pairs = dict(part.split("=", 1) for part in file.key.split("/") if "=" in part)
        if all(key in pairs for key in keys):
            values = tuple(unquote(pairs[key]) for key in keys)
            locations[values] = f"s3://{file.bucket}/{file.key.rpartition('/')[0]}/"
    session.caller.catalog.add_partitions(database, name, locations, table["StorageDescriptor"])
    return Result()


def _nothing(_: Session, __: _Match) -> Result:
    """OPTIMIZE and VACUUM change no row."""
    return Result()


def _create_iceberg(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found, 2)
    properties = dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", found["properties"]))
    if properties.pop("table_type", "").upper() != "ICEBERG":
        raise AthenaError("External keyword required for table type HIVE")
    if session.caller.catalog.find(database, name):
        if found.group(1):
            return Result()
        raise AthenaError(f"TABLE_ALREADY_EXISTS: Table 'awsdatacatalog.{database}.{name}' already exists")
    if not found["location"]:
        raise AthenaError("No location was specified for table. An S3 location must be specified")
    schema = alter_table.arrow_schema(alter_table.definitions(found["columns"]))
    partitioning = split_top(found["partitioning"] or "")
    properties = {key: value for key, value in properties.items() if key != "format"}
    session.caller.iceberg.create(database, name, schema, found["location"], partitioning, properties)
    return Result()


def create_external(catalog: Catalog, table: ExternalTable) -> Result:
    """Register an external table.

    Raises:
        AthenaError: it exists, or its database does not.
    """
    if not (table.if_not_exists and catalog.find(table.database, table.definition["Name"])):
        catalog.create(table.database, table.definition)
    return Result()


def _alter(session: Session, found: _Match) -> Result:
    database, name = place_of(session, found)
    alter_table.run(session, database, name, found.group(4).strip())
    return Result()


_CREATE_DATABASE = (
    rf"create\s+(?:schema|database)\s+(if\s+not\s+exists\s+)?{DATABASE}"
    r"(?:\s+comment\s+'[^']*')?(?:\s+location\s+'([^']*)')?(?:\s+with\s+dbproperties\s*\(.*\))?"
)
_STATEMENTS: list[tuple[str, Callable[[Session, _Match], Result]]] = [
    (_CREATE_DATABASE, _create_database),
    (rf"drop\s+(?:schema|database)\s+(if\s+exists\s+)?{DATABASE}(\s+cascade|\s+restrict)?", _drop_database),
    (rf"drop\s+(table|view)\s+(if\s+exists\s+)?{FULL_NAME}", _drop_table),
    (rf"alter\s+table\s+{FULL_NAME}\s+(.*)", _alter),
    (rf"msck\s+repair\s+table\s+{FULL_NAME}", _repair),
    (r"(?:optimize|vacuum)\b.*", _nothing),
    *show.STATEMENTS,
]
