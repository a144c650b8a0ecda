"""Runs the soak and prints its last line, `soak: {json}`; exits 1 when a request failed or a worker kept growing."""

import argparse
import datetime as dt
import os
import sys
import time
from typing import Any

import boto3

from infra.cli.cognito import sign_in
from infra.cli.smoke.execution import await_end
from infra.deploy import deploy
from infra.local.account.settings import Settings
from ingestion.contract import CDC_FUNCTION
from orchestration.executions import state_machine
from orchestration.executions.history import Status
from tests.bench.account import report, start_account
from tests.bench.soak import bare, memory, traffic
from tests.conftest import Account

PASSWORD = "Correct-horse-1"
PIPELINE_SECONDS = 600.0


def soak(account: Account, outputs: dict[str, str], seconds: float, users: int) -> tuple[dict[str, Any], list[str]]:
    """Send the mix for a while, with executions of the pipeline beside it; the figures and what is wrong.

    Args:
        account: in which the stacks are deployed.
        outputs: of the stacks.
        seconds: of traffic.
        users: that send at once.
    """
    assert account.process
    address = bare.deploy(account.settings.endpoint)
    tokens = [
        sign_in(outputs["UserPoolId"], outputs["UserPoolClientId"], f"soak-{n}@example.com", PASSWORD, "Soak").id_token
        for n in range(users)
    ]
    watched = memory.Memory(account.process.pid)
    watched.start()
    began, until = dt.datetime.now(dt.UTC), time.monotonic() + seconds
    clients = [traffic.Client(outputs["ApiEndpoint"], address, token, until, seed) for seed, token in enumerate(tokens)]
    for client in clients:
        client.start()
    # something has to be in bronze before a run has something to do
    time.sleep(min(10.0, seconds / 4))
    executions: list[Status] = []
    while not executions or time.monotonic() < until:
        executions.append(_run_pipeline())
    for client in clients:
        client.join()
    samples = watched.stop()
    routes = traffic.summary(clients)
    errors = sum(route["errors"] for route in routes.values())
    figures = {
        "seconds": seconds,
        "users": users,
        "requests": sum(route["requests"] for route in routes.values()),
        "errors": errors,
        "routes": routes,
        "memory": memory.summary(samples),
        "processor_s": watched.processor_seconds(),
        "saturates_first": next(iter(watched.processor_seconds()), "nothing"),
        "stream_lag_s": _stream_lag(began),
        "executions": len(executions),
        "executions_failed": sum(one is not Status.SUCCEEDED for one in executions),
    }
    details = {name: dict(client.routes[name].errors) for client in clients for name in traffic.MIX}
    wrong = [f"{name}: {found}" for name, found in details.items() if found] if errors else []
    wrong += [f"{errors} requests failed"] if errors else []
    wrong += memory.grown(samples)
    wrong += [f"{figures['executions_failed']} executions failed"] if figures["executions_failed"] else []
    return figures, wrong


def _run_pipeline() -> Status:
    execution = state_machine.start_execution(state_machine.find_state_machine(), {})
    return await_end(execution, PIPELINE_SECONDS).status


def _stream_lag(since: dt.datetime) -> float:
    """The greatest age in seconds at which change capture got a record, as Lambda measures it."""
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": CDC_FUNCTION}],
        StartTime=since,
        EndTime=dt.datetime.now(dt.UTC),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return round(max((point["Maximum"] for point in points), default=0.0) / 1000, 2)


def main() -> int:
    """Deploy to an account that lives as long as the soak, and soak it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of traffic (300)")
    parser.add_argument("--users", type=int, default=4, help="that send at once (4)")
    options = parser.parse_args()
    os.environ.setdefault("INSIGHTS_TOOLCHAIN", str(Settings.from_environment().toolchain))
    with start_account() as (account, _):
        outputs = deploy(dict(os.environ), target="local", quiet=True)
        figures, wrong = soak(account, outputs, options.seconds, options.users)
    return report("soak", figures, wrong)


if __name__ == "__main__":
    sys.exit(main())
