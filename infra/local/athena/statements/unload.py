"""UNLOAD: a query's rows become files in S3 that no table knows."""

import re
from collections.abc import Sequence

from infra.local.athena.data import binding, writer
from infra.local.athena.data.text_files import TextFormat
from infra.local.athena.errors import AthenaError
from infra.local.athena.session import Session
from infra.local.athena.sql import trino

_UNLOAD = re.compile(r"unload\s*\((.*)\)\s*to\s+'([^']+)'\s+with\s*\((.*)\)", re.DOTALL | re.IGNORECASE)


def unload(session: Session, sql: str, parameters: Sequence[str]) -> int | None:
    """UNLOAD (query) TO 's3://…' WITH (format = …); how many rows, or None when `sql` is something else.

    Raises:
        AthenaError: the location is not empty, or the format is unknown.
    """
    found = _UNLOAD.fullmatch(sql)
    if not found:
        return None
    body, location, options = found.groups()
    properties = {key.lower(): value for key, value in re.findall(r"(\w+)\s*=\s*'([^']*)'", options)}
    partitioned = re.search(r"partitioned_by\s*=\s*array\s*\[([^]]*)\]", options, re.IGNORECASE)
    keys = [part.strip().strip("'").lower() for part in partitioned.group(1).split(",")] if partitioned else []
    if session.caller.objects.list_prefix(location):
        raise AthenaError(f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {location}")
    tree = trino.with_parameters(trino.parse(body), parameters)
    select, columns = binding.query(session, tree)
    file_format, compression = properties.get("format", ""), properties.get("compression", "gzip")
    delimiter = properties.get("field_delimiter")
    text_format = TextFormat(delimiter) if delimiter and file_format.lower() == "textfile" else None
    _, count = writer.write_files(session, select, columns, location, keys, file_format, compression, text_format)
    return count
