"""AWS Lambda event source mappings of DynamoDB streams: what is delivered, when, and what happens when it fails.

AWS: the records of a shard are delivered in order, a batch is retried until it succeeds, and

* `FunctionResponseTypes=[ReportBatchItemFailures]`: the function names the records it failed at; everything before the
  first of them is done, the retry starts there;
* `BisectBatchOnFunctionError`: a failed batch is split in two and both halves are tried on their own, which does not
  count as a retry, until the record at fault is alone;
* `MaximumRetryAttempts` and `MaximumRecordAgeInSeconds` (-1 or absent: for ever): then the batch is given up, and its
  sequence numbers (for S3 also its records) go to `DestinationConfig.OnFailure`;
* `MaximumBatchingWindowInSeconds`: waits for a full batch at most that long;
* the function's role reads the stream and writes to the destination: what it may not do, fails;
* each mapping has its own pace: a slow function holds up nobody else. `IteratorAge` says how far behind it is.

MiniStack 1.5.33: one thread serves all mappings one after the other; a failed batch is retried for ever, and of the
above only the record age is read; the role is not asked. The position of a mapping is saved at a stop but the stream's
records are not, so after a restart change capture waits at a position that the new, empty stream reaches only after as
many new writes.

Not completed: `ParallelizationFactor` and tumbling windows (MiniStack's streams have one shard), streams of deleted
tables. Time during which the account is down ages no record.

Hooks: `lambda_svc._poll_dynamodb_streams` (called by MiniStack's poller thread about once a second and after each
change: it starts and wakes one thread per mapping), `dynamodb.get_state` and `load_persisted_state`. The position
store, the filters and `_execute_function` are used as they are.

Modules: `reader` (one mapping's thread: batches, retries, progress), `delivery` (what an invocation's result means for
its batch), `destination` (the on-failure record), `permission` (the role's), `records` (the stream itself, and its
state over a restart).
"""

import functools

from infra.local.account import hooks
from infra.local.streams import records
from infra.local.streams.reader import Readers


def apply() -> None:
    """Complete DynamoDB event source mappings in this process."""
    from ministack.services import dynamodb, lambda_svc

    hooks.hook(lambda_svc, "_execute_function", "func event")
    hooks.hook(lambda_svc, "_apply_filter_criteria", "records esm")
    hooks.hook(lambda_svc, "_get_func_record_for_qualifier", "name qualifier")
    hooks.hook(dynamodb, "stream_records_since", "table_name position limit account_id region")
    hooks.hook(dynamodb, "stream_start_position", "table_name account_id region")
    hooks.hook(dynamodb, "stream_end_position", "table_name account_id region")
    hooks.replace(lambda_svc, "_poll_dynamodb_streams", "", Readers().attend)
    save = hooks.hook(dynamodb, "get_state", "")
    hooks.replace(dynamodb, "get_state", "", functools.partial(records.saved, save))
    load = hooks.hook(dynamodb, "load_persisted_state", "data")
    hooks.replace(dynamodb, "load_persisted_state", "data", functools.partial(records.loaded, load))
