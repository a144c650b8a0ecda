"""Run a client's suite: `python -m tests.peers pyathena CHECKOUT [-- pytest arguments]`.

CHECKOUT is a clone of the client's repository; an environment of its own is made in it. The suite runs against a local
account that is started for it. Exit status 1: a result differs from the list in `expected/`. The suite `dbt-project`
seeds and builds the dbt project in CHECKOUT (after its `dbt deps`) with a profile of its own.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port
from tests.peers import projects
from tests.peers.outcomes import Expected, Outcomes
from tests.peers.suites import PLUGINS, SUITES, WORKERS, Place, Suite

PROJECT = "dbt-project"
PLACE = Place(bucket="peers", workgroup="peers")


def main() -> int:
    """Run one suite and print its figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("suite", choices=[*SUITES, PROJECT])
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("arguments", nargs="*", help="of pytest or dbt, after --")
    options = parser.parse_args()
    # `timeout` ends a suite that hangs; its account ends with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="peers-") as home, started(pathlib.Path(home)):
        if options.suite == PROJECT:
            return build_project(options.checkout, pathlib.Path(home), options.arguments)
        return run_suite(options, parser, pathlib.Path(home))


@contextlib.contextmanager
def started(home: pathlib.Path) -> Iterator[None]:
    """A local account that this process and its children reach."""
    settings = Settings(home=home / "account", port=free_port())
    os.environ.update(settings.client_environment())
    account = Account.at(settings)
    account.start()
    try:
        prepare(account)
        yield
    finally:
        account.stop()


def build_project(checkout: pathlib.Path, home: pathlib.Path, arguments: list[str]) -> int:
    """Build a dbt project and print how often each status came."""
    counts = projects.build(checkout, home, PLACE.bucket, PLACE.workgroup, arguments)
    print(f"peers: {json.dumps({'project': checkout.name, **counts})}")
    return int(any(status.split()[1] not in ("success", "pass", "no-op") for status in counts))


def run_suite(options: argparse.Namespace, parser: argparse.ArgumentParser, home: pathlib.Path) -> int:
    """Run a suite and print what differs from the list of expected results."""
    suite = SUITES[options.suite]
    folder = (options.checkout / suite.folder).resolve()
    if not folder.is_dir():
        parser.error(f"there is no {folder}: git clone {suite.source}")
    python = suite.install(folder)
    outcomes = run(suite, folder, python, home / "junit.xml", options.arguments)
    expected = Expected.read(suite.expected)
    differences = outcomes.unexpected(expected)
    print("\n".join(differences))
    print(f"peers: {json.dumps({'suite': suite.name, **outcomes.summary(expected), 'unexpected': len(differences)})}")
    return 1 if differences else 0


def prepare(account: Account) -> None:
    """The bucket, the workgroup and the database that every suite takes for granted."""
    session = account.session
    session.client("s3").create_bucket(Bucket=PLACE.bucket)
    session.client("athena").create_work_group(
        Name=PLACE.workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{PLACE.bucket}/results/"},
            "EnforceWorkGroupConfiguration": False,
        },
    )
    glue = session.client("glue")
    if "default" not in [database["Name"] for database in glue.get_databases()["DatabaseList"]]:
        glue.create_database(DatabaseInput={"Name": "default"})


def run(
    suite: Suite, folder: pathlib.Path, python: pathlib.Path, report: pathlib.Path, arguments: list[str]
) -> Outcomes:
    """Run the suite's tests, or those that `arguments` choose.

    Raises:
        SystemExit: pytest wrote no report, since it did not know an argument, or could not start; it has said why.
    """
    environment = {**os.environ, **suite.variables(PLACE), "PYTHONPATH": str(PLUGINS)}
    command = [python, "-m", "pytest", "-q", *suite.pytest, "-n", WORKERS, f"--junitxml={report}", *arguments]
    status = subprocess.run(list(map(str, command)), cwd=folder, env=environment, check=False).returncode
    if not report.exists():
        raise SystemExit(f"pytest ended with status {status} before it ran a test: {' '.join(map(str, command))}")
    return Outcomes.read(report)


if __name__ == "__main__":
    raise SystemExit(main())
