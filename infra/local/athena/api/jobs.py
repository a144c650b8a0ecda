"""What goes to a query engine, and what comes back."""

import dataclasses
from typing import Any

from infra.local.athena.api.credentials import Keys
from infra.local.athena.api.results import Result
from infra.local.athena.errors import SYSTEM


@dataclasses.dataclass(frozen=True)
class ExternalTable:
    """What CREATE EXTERNAL TABLE defines.

    Args:
        definition: the TableInput.
    """

    database: str
    definition: dict[str, Any]
    if_not_exists: bool


@dataclasses.dataclass(frozen=True)
class Job:
    """One statement.

    Args:
        keys: with whose permissions it runs.
        database: where unqualified names are looked up.
        output: S3 location of the result objects, without their ending.
        enforced: the workgroup prescribes where results go.
        scan_limit: bytes that the workgroup lets one query scan.
        checked: the statement is known to be in Trino's grammar.
        external_table: what CREATE EXTERNAL TABLE defines, when the statement is one.
    """

    sql: str
    parameters: tuple[str, ...]
    keys: Keys
    database: str
    output: str
    enforced: bool = False
    scan_limit: int | None = None
    checked: bool = False
    external_table: ExternalTable | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a statement ended.

    Args:
        result: None when it failed.
        output: URI of the result object.
        manifest: URI of the list of written files; empty for a statement that writes no data.
        failure: what `StateChangeReason` says.
        category: of the failure, as `AthenaError.ErrorCategory`.
        cancelled: it was stopped because it would read more than the workgroup allows.
        scanned: bytes read.
    """

    result: Result | None = None
    output: str = ""
    manifest: str = ""
    failure: str = ""
    category: int = SYSTEM
    cancelled: bool = False
    scanned: int = 0
