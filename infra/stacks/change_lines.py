"""`todo_bronze.change_lines`: the lines of bronze's changes as text, for the live views.

Its partitions are projected, so an object can be read the moment it is delivered: no crawl registers a folder first.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.stacks import names
from ingestion.contract import CHANGES
from transforms.contract import CHANGE_LINES

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef


def change_lines(scope: Construct) -> None:
    """The table, over the bronze bucket."""
    glue.CfnTable(
        scope,
        "ChangeLines",
        catalog_id=Aws.ACCOUNT_ID,
        database_name=names.BRONZE_DATABASE,
        table_input={},
    ).add_property_override("TableInput", table_input(f"s3://{names.bucket('bronze')}/{CHANGES}/"))


def table_input(location: str) -> "TableInputTypeDef":
    """The table as Glue's API takes it: one column that is the whole line, since JSON has no control characters in it.

    Text and not JSON, because a line that is no JSON would fail every query that reads its object.

    Args:
        location: of the folders, with a slash at its end.
    """
    return {
        "Name": CHANGE_LINES,
        "Description": "One line of bronze/cdc, an envelope v1 as text; the partitions are known without a crawl.",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "projection.enabled": "true",
            "projection.dt.type": "date",
            "projection.dt.format": "yyyy-MM-dd",
            "projection.dt.range": "2026-01-01,NOW",
            "projection.hour.type": "enum",
            "projection.hour.values": ",".join(f"{hour:02}" for hour in range(24)),
            "storage.location.template": f"{location}dt=${{dt}}/hour=${{hour}}/",
        },
        "PartitionKeys": [
            {"Name": "dt", "Type": "string", "Comment": "Day of arrival (UTC)."},
            {"Name": "hour", "Type": "string", "Comment": "Hour of arrival (UTC), two digits."},
        ],
        "StorageDescriptor": {
            "Location": location,
            "Columns": [{"Name": "line", "Type": "string", "Comment": "The line."}],
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"field.delim": "\u0001"},
            },
        },
    }
