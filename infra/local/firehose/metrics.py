"""AWS/Firehose metrics of a delivery stream, dimension DeliveryStreamName.

Source: Firehose developer guide, "Monitor Amazon Data Firehose with CloudWatch metrics".
"""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.firehose.buffers import Batch


def arrived(name: str, records: list[bytes]) -> None:
    """Count records that were put into the stream `name`."""
    _record(name, IncomingRecords=(len(records), "Count"), IncomingBytes=(sum(map(len, records)), "Bytes"))


def delivered(batch: "Batch") -> None:
    """Count a batch that is in S3."""
    _record(
        batch.name,
        **{
            "DeliveryToS3.Success": (1, "Count"),
            "DeliveryToS3.Records": (len(batch.records), "Count"),
            "DeliveryToS3.Bytes": (batch.size, "Bytes"),
            "DeliveryToS3.DataFreshness": (time.time() - batch.opened, "Seconds"),
        },
    )


def failed(batch: "Batch") -> None:
    """Count a delivery that failed and will be tried again."""
    _record(batch.name, **{"DeliveryToS3.Success": (0, "Count")})


def _record(name: str, **values: tuple[float, str]) -> None:
    from ministack.services import cloudwatch

    for metric, (value, unit) in values.items():
        cloudwatch.record_metric("AWS/Firehose", metric, value, unit, {"DeliveryStreamName": name})
