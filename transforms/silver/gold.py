"""Gold after an erasure: what queries left beside its tables goes, and the pipeline makes the tables anew.

Gold's tables have no words of users, but results of queries on silver have, whoever ran them. They are copies that
expire after days anyway, so all of them go, whomever they are about. So do noncurrent versions of whatever
is in the bucket: everything there can be made again from silver.
"""

import json
from typing import TYPE_CHECKING

from transforms.contract import ATHENA_RESULTS
from transforms.silver import storage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

GOLD_ONLY = json.dumps({"gold_only": True})


def delete_query_results(s3: "S3Client", bucket: str) -> int:
    """Delete the results of all queries, and all noncurrent versions in gold's bucket; how many objects and versions.

    Args:
        s3: the client.
        bucket: gold's.
    """
    found = storage.list_objects(s3, bucket, ATHENA_RESULTS)
    results: list[tuple[str, str | None]] = [(one["Key"], None) for one in found]
    deleted = storage.delete_objects(s3, bucket, results)
    old = [(key, version) for key, version, _ in storage.list_noncurrent_versions(s3, bucket, "")]
    return deleted + storage.delete_objects(s3, bucket, old)


def build_gold(machines: "SFNClient", arn: str) -> str:
    """Start an execution that makes gold of what silver has now, in its turn; its ARN."""
    return machines.start_execution(stateMachineArn=arn, input=GOLD_ONLY)["executionArn"]
