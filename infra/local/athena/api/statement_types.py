"""`SubstatementType` of a query execution.

https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

import re

from infra.local.athena.sql import trino

_TYPES = (
    (r"create\s+(external\s+)?table\b.*\bas\s+(select|with|values|\()", "CREATE_TABLE_AS_SELECT"),
    (r"create\s+(or\s+replace\s+)?view", "CREATE_VIEW"),
    (r"create\s+(external\s+)?table", "CREATE_TABLE"),
    (r"create\s+(schema|database)", "CREATE_DATABASE"),
    (r"drop\s+(schema|database)", "DROP_DATABASE"),
    (r"alter\s+table\s+\S+\s+add\s+columns", "ALTER_TABLE_ADD_COLUMN"),
    (r"msck", "MSCK_REPAIR_TABLE"),
    (r"desc(ribe)?\s", "DESCRIBE_TABLE"),
    (r"(select|with|values|table|\()", "SELECT"),
    (r"show\s+create\s+(\w+)", "SHOW_CREATE_{1}"),
    (r"(show|drop|alter)\s+(\w+)", "{1}_{2}"),
    (r"(\w+)", "{1}"),
)


def find_substatement_type(sql: str) -> str:
    """`SELECT`, `INSERT`, `CREATE_TABLE_AS_SELECT`, … of one statement."""
    text = trino.strip_comments(sql)
    for pattern, name in _TYPES:
        if found := re.match(pattern, text, re.IGNORECASE | re.DOTALL):
            return name.format(*(found.group(0), *(group or "" for group in found.groups()))).upper()
    return ""
