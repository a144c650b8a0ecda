"""How much of the tables that a saved query reads it scans: columns and partitions are to be pruned."""

import sqlglot
from sqlglot import exp

from tests.bench.gold.athena import Statements
from transforms.bi.saved_queries import all_queries


def scans(statements: Statements) -> list[float]:
    """Run every saved query of which gold has all tables, and print what it scanned.

    Returns:
        for each query its bytes as a share of all bytes of the tables that it names.
    """
    sizes = _sizes(statements)
    shares = []
    for query in all_queries():
        tree = sqlglot.parse_one(query.sql, read="trino")
        expressions = {one.alias_or_name for one in tree.find_all(exp.CTE)}
        tables = {table.name for table in tree.find_all(exp.Table)} - expressions
        if not tables <= sizes.keys():
            print(f"  {query.name:32} not run: gold has no {', '.join(sorted(tables - sizes.keys()))}")
            continue
        whole = sum(sizes[table] for table in tables)
        scanned = statements.scanned_by(query.sql)
        shares.append(round(scanned / whole, 4) if whole else 0.0)
        print(f"  {query.name:32} {scanned / 1e6:8.3f} of {whole / 1e6:8.3f} MB", flush=True)
    return shares


def _sizes(statements: Statements) -> dict[str, int]:
    """Bytes of every table of gold."""
    session = statements.account.session
    s3, glue = session.client("s3"), session.client("glue")
    sizes = {}
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=f"{statements.name}_gold")
    for table in (one for page in pages for one in page["TableList"] if one["TableType"] == "EXTERNAL_TABLE"):
        prefix = table["StorageDescriptor"]["Location"].removeprefix(f"s3://{statements.name}/") + "/"
        listing = s3.get_paginator("list_objects_v2").paginate(Bucket=statements.name, Prefix=prefix)
        sizes[table["Name"]] = sum(one["Size"] for page in listing for one in page.get("Contents", []))
    return sizes
