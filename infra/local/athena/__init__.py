"""Amazon Athena: queries run on a Trino-compatible engine over the Glue catalog and S3, Iceberg included.

AWS: SQL is Trino's; the caller's permissions decide what a query reads and writes; results are `<id>.csv` (or `.txt`)
in the output location, which a workgroup can prescribe; CTAS, INSERT and UNLOAD leave a manifest of what they wrote;
statistics say how many bytes were scanned; malformed SQL is refused at submission, other failures are in
`Status.StateChangeReason` and `Status.AthenaError`.

MiniStack 1.5.33: sends the SQL to DuckDB almost as it is, ignores the catalog's types, cannot write, has no views, no
MERGE, no Iceberg, no execution parameters; counts the characters of the result as bytes scanned; reads with nobody's
permissions; joins the output location to the query id without a slash; the default workgroup lacks
EnforceWorkGroupConfiguration, which awswrangler reads.

Each statement runs in an engine, a process of its own (`api.engines`, `api.worker`), so that a crash costs one query.

Hooks: `athena.handle_request` (who calls), `_start_query_execution`, `_execute_query` (all of the execution),
`_get_query_results` (types, precision, UpdateCount), `_stop_query_execution`, `_get_workgroup`. `_CreateTable` and
`_create_table_input` (CREATE EXTERNAL TABLE) are used as they are.
"""


def apply() -> None:
    """Put the engine in the place of the emulator's."""
    from infra.local.athena.api import requests

    requests.apply()
