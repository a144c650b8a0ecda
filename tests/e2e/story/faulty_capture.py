"""The deployed cdc function with a fault of choice: its own code, its own calls, and what goes wrong around them.

FAULT names the fault; FAULT_STATE is a folder that survives a worker, for faults that happen once.
"""

import os
import pathlib
from typing import Any

from ingestion.cdc import delivery
from ingestion.cdc import handler as real

FAULT, STATE = os.environ["FAULT"], pathlib.Path(os.environ["FAULT_STATE"])
firehose: Any = real.firehose
put_record_batch = firehose.put_record_batch
delivery.FIRST_PAUSE_SECONDS = 0.01


def first_time(name: str) -> bool:
    try:
        (STATE / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def refuse(refused: list[bool], **request: Any) -> dict[str, Any]:
    """A PutRecordBatch that takes the others only."""
    passed = [record for record, no in zip(request["Records"], refused, strict=True) if not no]
    answers = iter(put_record_batch(**{**request, "Records": passed})["RequestResponses"] if passed else [])
    throttled: Any = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    responses = [throttled if no else next(answers) for no in refused]
    return {"FailedPutCount": sum(refused), "RequestResponses": responses}


def throttle_some(**request: Any) -> Any:
    odd = [n % 2 == 1 and first_time(f"refused-{hash(one['Data'])}") for n, one in enumerate(request["Records"])]
    return refuse(odd, **request)


def throttle_all(**request: Any) -> Any:
    return refuse([True] * len(request["Records"]), **request)


def crash(**request: Any) -> Any:
    if first_time("crashed"):
        put_record_batch(**{**request, "Records": request["Records"][: len(request["Records"]) // 2 + 1]})
        os._exit(1)
    return put_record_batch(**request)


FAULTS_OF_DELIVERY = {"throttle_some": throttle_some, "throttle_all": throttle_all, "crash": crash}
firehose.put_record_batch = FAULTS_OF_DELIVERY.get(FAULT, put_record_batch)


def handler(event: dict[str, Any], context: Any) -> Any:
    records = event["Records"]
    if FAULT == "lose":
        for record in records:
            (STATE / record["dynamodb"]["Keys"]["SK"]["S"]).touch()
        return {"batchItemFailures": []}
    if FAULT == "poison" and len(records) > 2 and first_time("poisoned"):
        records[len(records) // 2]["eventName"] = "BROKEN"
    if FAULT == "out_of_order":
        records.reverse()
    if FAULT == "twice":
        real.handler(event, context)
    return real.handler(event, context)
