"""Athena's saved queries of the project's workgroup, found by their titles."""

from collections.abc import Iterator

import boto3

BATCH_SIZE = 50  # what BatchGetNamedQuery takes


class NoSuchQueryError(Exception):
    """There is no such saved query, or more than one; the message says which there are."""


def find_saved_query(title: str, workgroup: str) -> str:
    """The SQL of the saved query of that title, or of the only one whose title has those words in it.

    Args:
        title: upper and lower case are the same.
        workgroup: whose saved queries.

    Raises:
        NoSuchQueryError: not exactly one fits.
        botocore.exceptions.ClientError: Athena refused to list them.
    """
    queries, searched = dict(_all(workgroup)), title.strip().casefold()
    fitting = [name for name in queries if name.casefold() == searched]
    fitting = fitting or [name for name in queries if searched in name.casefold()]
    if len(fitting) == 1:
        return queries[fitting[0]]
    raise NoSuchQueryError(
        f"{len(fitting) or 'no'} saved queries are called {title!r}; there are:"
        + "".join(f"\n  {name}" for name in sorted(fitting or queries))
    )


def _all(workgroup: str) -> Iterator[tuple[str, str]]:
    athena = boto3.client("athena")
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup)
    ids = [found for page in pages for found in page["NamedQueryIds"]]
    for start in range(0, len(ids), BATCH_SIZE):
        for query in athena.batch_get_named_query(NamedQueryIds=ids[start : start + BATCH_SIZE])["NamedQueries"]:
            yield query["Name"], query["QueryString"]
