"""From the 201 of a new task until a query of `live_tasks` shows it, through the deployed stacks on a local account.

Prints `live: {json}`: the 95th percentile and the greatest of the times beyond the delivery stream's buffer (seconds),
and the bytes that a query read beside those of bronze. Exits 1 when the percentile is over its bound.
"""

import statistics
import sys
import time
import uuid

import boto3
import httpx

from infra.cli.athena import run_query
from infra.cli.cognito import sign_in
from infra.cli.smoke.execution import await_end
from orchestration.executions import state_machine
from orchestration.executions.history import Status
from tests.bench.account import report
from tests.bench.ingestion.latency import BUFFER_SECONDS, platform

SAMPLES = 20
BOUND_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0
PIPELINE_SECONDS = 600.0


class Client:
    """A user of the deployed API.

    Args:
        outputs: of the stacks.
    """

    def __init__(self, outputs: dict[str, str]) -> None:
        pool, client = outputs["UserPoolId"], outputs["UserPoolClientId"]
        token = sign_in(pool, client, "live@example.com", "Correct-horse-1", "Live").id_token
        self._http = httpx.Client(
            base_url=f"{outputs['ApiEndpoint']}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )

    def create(self) -> str:
        """Create a task; its id."""
        answer = self._http.post("/tasks", json={"title": "live"}, headers={"Idempotency-Key": uuid.uuid4().hex})
        answer.raise_for_status()
        return str(answer.json()["id"])


def seconds_until_visible(client: Client) -> float:
    """Create a task and ask until it is in the live view; seconds since the answer to its creation.

    Raises:
        RuntimeError: it does not come.
    """
    task_id = client.create()
    began = time.monotonic()
    while time.monotonic() - began < GIVE_UP_SECONDS:
        if run_query(f"select 1 from live_tasks where task_id = '{task_id}'").rows:
            return time.monotonic() - began
    raise RuntimeError(f"a task is not in live_tasks {GIVE_UP_SECONDS:.0f} s after its creation")


def main() -> int:
    """Deploy to an account of its own, run the pipeline once, and measure."""
    with platform() as outputs:
        client = Client(outputs)
        client.create()
        time.sleep(BUFFER_SECONDS + BOUND_SECONDS)
        execution = state_machine.start_execution(state_machine.find_state_machine(), {})
        assert await_end(execution, PIPELINE_SECONDS).status is Status.SUCCEEDED
        beyond = [seconds_until_visible(client) - BUFFER_SECONDS for _ in range(SAMPLES)]
        scanned = run_query("select count(*) from live_tasks").scanned
        listed = boto3.client("s3").list_objects_v2(Bucket=outputs["BronzeBucket"], Prefix="cdc/")["Contents"]
    p95 = statistics.quantiles(beyond, n=20)[-1]
    figures = {
        "samples": SAMPLES,
        "beyond_buffer_p95_s": round(p95, 2),
        "beyond_buffer_max_s": round(max(beyond), 2),
        "scanned_bytes": scanned,
        "bronze_bytes": sum(one["Size"] for one in listed),
    }
    missed = [f"p95 is {p95:.1f} s beyond the buffer, over {BOUND_SECONDS:.0f} s"] if p95 > BOUND_SECONDS else []
    return report("live", figures, missed)


if __name__ == "__main__":
    sys.exit(main())
