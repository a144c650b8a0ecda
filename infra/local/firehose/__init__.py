"""Amazon Data Firehose: records are collected, processed, compressed, and written as few large objects.

AWS: a stream buffers until SizeInMBs or IntervalInSeconds, whichever comes first; its Lambda processors, if any, get
the records in batches; then one object per evaluated prefix is written to S3, compressed, with the permissions of the
stream's role. What a processor rejects, or what has no prefix, is described in an object below ErrorOutputPrefix. A
delivery that fails is tried again for up to a day. PutRecord and PutRecordBatch refuse what is too large. AWS/Firehose
counts what comes and what is delivered.

MiniStack 1.5.33: one S3 object per record, at once, never compressed, no delimiter added, as nobody in particular;
records that a processor marks ProcessingFailed vanish, and those it fails on are delivered unprocessed; every record is
kept for ever in memory and in the state file; a batch may be of any size.

Not completed: ZIP and Snappy compression (such a stream is refused), S3 backup of unprocessed records, destinations
other than S3. `INSIGHTS_LOCAL_FIREHOSE_SECONDS` caps IntervalInSeconds, which is 60 s or more on AWS, so that nobody
has to wait that long at a laptop.

Hooks: `firehose._deliver_records_to_s3` (its records go to a buffer), `_put_record`, `_put_record_batch` and
`_create_delivery_stream` (limits), `get_state` and `load_persisted_state` (a stop must not lose what is buffered).
Prefix expressions, dynamic partitioning and format conversion (`_evaluate_prefix`, `_metadata_extraction_keys`,
`_convert_to_parquet`) are used as they are.

Modules: `buffers` (what waits for delivery), `processing` (the Lambda processors), `objects` (what a batch becomes in
S3), `delivery` (when, as whom, and what if it fails), `limits`, `metrics`.
"""

import functools
import threading
from typing import Any

from infra.local.account import hooks
from infra.local.firehose import limits
from infra.local.firehose.buffers import Buffers
from infra.local.firehose.delivery import Deliveries


def apply() -> None:
    """Complete Firehose in this process."""
    from ministack.services import firehose

    buffers = Buffers()
    hooks.hook(firehose, "_evaluate_prefix", "template t query_keys lambda_keys error_type")
    hooks.hook(firehose, "_metadata_extraction_keys", "cfg data")
    hooks.hook(firehose, "_convert_to_parquet", "conversion data")
    hooks.hook(firehose, "_java_time", "pattern t")
    hooks.replace(firehose, "_deliver_records_to_s3", "stream dest records", buffers.add)
    for action, name, check in (
        ("PutRecord", "_put_record", limits.too_large),
        ("PutRecordBatch", "_put_record_batch", limits.too_large),
        ("CreateDeliveryStream", "_create_delivery_stream", limits.not_completed),
    ):
        handler = limits.guarded(hooks.hook(firehose, name, "data"), check)
        hooks.replace(firehose, name, "data", handler)
        firehose._HANDLERS[action] = handler
    save = hooks.hook(firehose, "get_state", "")
    hooks.replace(firehose, "get_state", "", lambda: {**save(), "buffered": buffers.state()})
    load = hooks.hook(firehose, "load_persisted_state", "data")
    hooks.replace(firehose, "load_persisted_state", "data", functools.partial(_loaded, load, buffers))
    threading.Thread(target=Deliveries(buffers).run, name="firehose", daemon=True).start()


def _loaded(original: Any, buffers: Buffers, data: dict[str, Any]) -> None:
    original(data)
    buffers.restore(data.get("buffered", []))
