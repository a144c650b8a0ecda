"""The platform of a simulation, its people, and the commands that an operator types."""

import dataclasses
import datetime as dt
import os
import pathlib
import random
import subprocess
import sys

import boto3

from infra.deploy import deploy
from infra.local.account.settings import Settings
from infra.toolchain import spark
from tests.conftest import Account, free_port, until
from tests.e2e.conftest import Platform
from tests.e2e.mailbox import Mailbox
from tests.year.clock import Clock
from tests.year.people import Person

INSIGHTS = pathlib.Path(sys.executable).with_name("insights")
COMMAND_SECONDS = 900


class CommandError(Exception):
    """A command of `insights` ended in another way than expected."""


@dataclasses.dataclass
class World:
    """Everything that a simulated day needs.

    Args:
        platform: deployed to an account of its own.
        clock: of everything.
        chance: decides what happens; seeded.
        folder: for whatever a fault has to remember.
        mailbox: of the operators.
        people: those who are there.
        erased: ids of those who have left.
        runs: executions that were started.
        changes_of_erased: how many changes of tasks those who have left had made.
        requests_kept: ids of the requests whose logs could not be transformed.
    """

    platform: Platform
    clock: Clock
    chance: random.Random
    folder: pathlib.Path
    mailbox: Mailbox
    people: list[Person] = dataclasses.field(default_factory=list)
    erased: list[str] = dataclasses.field(default_factory=list)
    runs: int = 0
    changes_of_erased: int = 0
    requests_kept: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def create(cls, folder: pathlib.Path, seed: int) -> "World":
        """Start an account, deploy every stack to it, and sign nobody in."""
        settings = Settings(
            home=folder / "account", port=free_port(), firehose_seconds=1, alarm_seconds=5, save_seconds=15
        )
        spark.install(settings.toolchain)
        os.environ.update(settings.client_environment())
        os.environ.update(settings.environment())
        account = Account.at(settings)
        account.start()
        try:
            outputs = deploy(dict(os.environ), target="local", quiet=True)
        except BaseException:
            account.stop()
            raise
        return cls(
            Platform(account, outputs), Clock(), random.Random(seed), folder, Mailbox(outputs["StateMachineArn"])
        )

    def join(self) -> Person:
        """Somebody signs up."""
        outputs = self.platform.outputs
        number = len(self.people) + len(self.erased)
        base = f"{outputs['ApiEndpoint']}/api/v1"
        person = Person(base, outputs["UserPoolId"], outputs["UserPoolClientId"], f"person-{number}@example.com")
        person.sign_in()
        person.create(title="Get to know this", category="home")
        self.people.append(person)
        return person

    def sign_in(self) -> None:
        """Get everybody a token for the next hour."""
        for person in self.people:
            person.sign_in()

    def work(self, steps: int) -> None:
        """Everybody does some things, or none."""
        for person in self.people:
            person.work(self.chance, self.clock.now().date(), self.chance.randrange(steps + 1))

    def work_until(self, changes: int) -> None:
        """Everybody works until all people together, those who have left included, have made so many changes."""
        while self.changes_of_erased + sum(person.changes for person in self.people) < changes:
            self.work(6)

    def type(self, *words: str, expected: int | None = 0) -> str:
        """Run a command of `insights` as an operator types it; its standard output.

        Args:
            words: after `insights`.
            expected: its exit status; None: any.

        Raises:
            CommandError: it exited with another status.
        """
        done = subprocess.run(
            [INSIGHTS, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
            env=dict(os.environ),
        )
        if expected is not None and done.returncode != expected:
            output = f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            raise CommandError(f"insights {' '.join(words)} exited with {done.returncode}, not {expected}:\n{output}")
        return done.stdout

    def run(self, *options: str, expected: int = 0) -> None:
        """One execution of the pipeline.

        Args:
            options: of `insights pipeline start`.
            expected: its exit status.
        """
        self.runs += 1
        self.type("pipeline", "start", *options, "--wait", "--wait-for-running", expected=expected)

    def build(self, project: str, **variables: str) -> None:
        """A build that a schedule would start at night, with some variables of its own."""
        builds = boto3.client("codebuild")
        override = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()]
        build = builds.start_build(projectName=project, environmentVariablesOverride=override)["build"]["id"]  # type: ignore[arg-type]

        def ended() -> str | None:
            status = str(builds.batch_get_builds(ids=[build])["builds"][0]["buildStatus"])
            return None if status == "IN_PROGRESS" else status

        status = until(f"the end of {project}", ended, COMMAND_SECONDS)
        if status != "SUCCEEDED":
            raise CommandError(f"{project} ended {status}")

    def run_maintenance(self) -> None:
        """The nightly maintenance of silver, which its schedule would start."""
        glue = boto3.client("glue")
        run = glue.start_job_run(JobName="todo-silver-maintenance")["JobRunId"]

        def ended() -> str | None:
            state = str(glue.get_job_run(JobName="todo-silver-maintenance", RunId=run)["JobRun"]["JobRunState"])
            return None if state in ("STARTING", "RUNNING", "WAITING") else state

        state = until("the end of maintenance", ended, COMMAND_SECONDS)
        if state != "SUCCEEDED":
            raise CommandError(f"maintenance ended {state}")

    def evening(self) -> dt.datetime:
        """When the day's run starts."""
        return self.clock.now().replace(hour=22, minute=10)
