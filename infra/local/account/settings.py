"""Where the local account lives and listens; everything is settable by environment, so that tests get their own."""

import dataclasses
import hashlib
import os
import pathlib
from typing import Self, TypedDict

from infra import ROOT

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
DEFAULT_PORT = 4566


class Keys(TypedDict):
    """Arguments of `boto3.Session`."""

    aws_access_key_id: str
    aws_secret_access_key: str


# MiniStack lets the access key `test` past its IAM checks: right for the account's owner (the person at the laptop, the
# emulator's own work), wrong for anything that runs as a role.
OWNER_KEYS: Keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

MAX_TEMPORARY_PATH_BYTES = 64
"""The address of a UNIX socket has at most 104 bytes on macOS and 108 on Linux (unix(7)); processes that open one in
the temporary folder append 40: `/pymp-xxxxxxxx/listener-xxxxxxxx` and some room."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """One local account.

    Args:
        home: folder of everything that lasts: `state/`, `s3/`, `tmp/`, caches, the process's log and pid.
        port: TCP port on 127.0.0.1.
        toolchain: folder of what is downloaded once and shared by all accounts of this checkout (jars, Spark's
            configuration).
        firehose_seconds: cap on a delivery stream's buffering interval, which is 60 s or more on AWS.
        alarm_seconds: how often alarms are evaluated.
        save_seconds: how often the state is saved while the account runs; 0: when it stops only.
        schedules: whether EventBridge schedules fire.
    """

    home: pathlib.Path
    port: int = DEFAULT_PORT
    toolchain: pathlib.Path = ROOT / ".local" / "toolchain"
    firehose_seconds: float = 5.0
    alarm_seconds: float = 5.0
    save_seconds: float = 0.0
    schedules: bool = False

    @classmethod
    def from_environment(cls) -> Self:
        """Read `INSIGHTS_LOCAL_*`; every variable is optional.

        Raises:
            SystemExit: a variable does not hold what it must.
        """
        try:
            return cls(
                home=pathlib.Path(os.environ.get("INSIGHTS_LOCAL_HOME", ROOT / ".local" / "account")).resolve(),
                port=int(os.environ.get("INSIGHTS_LOCAL_PORT", DEFAULT_PORT)),
                toolchain=pathlib.Path(os.environ.get("INSIGHTS_TOOLCHAIN", ROOT / ".local" / "toolchain")).resolve(),
                firehose_seconds=float(os.environ.get("INSIGHTS_LOCAL_FIREHOSE_SECONDS", "5")),
                alarm_seconds=float(os.environ.get("INSIGHTS_LOCAL_ALARM_SECONDS", "5")),
                save_seconds=float(os.environ.get("INSIGHTS_LOCAL_SAVE_SECONDS", "5")),
                schedules=os.environ.get("INSIGHTS_LOCAL_SCHEDULES", "off") == "on",
            )
        except ValueError as error:
            raise SystemExit(
                f"INSIGHTS_LOCAL_PORT, _FIREHOSE_SECONDS, _ALARM_SECONDS and _SAVE_SECONDS take numbers: {error}"
            ) from None

    @property
    def endpoint(self) -> str:
        """The URL that every AWS client of this account talks to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> pathlib.Path:
        """Where the services' state is saved."""
        return self.home / "state"

    @property
    def temporary(self) -> pathlib.Path:
        """Scratch space of jobs, builds and workers: below `home`, unless its path is too long for sockets."""
        own = self.home / "tmp"
        if len(os.fsencode(own)) <= MAX_TEMPORARY_PATH_BYTES:
            return own
        name = hashlib.sha256(os.fsencode(own)).hexdigest()[:12]
        return pathlib.Path("/tmp") / f"insights-{name}"

    def environment(self) -> dict[str, str]:
        """The variables from which `from_environment` builds these settings again, for a child process."""
        return {
            "INSIGHTS_LOCAL_HOME": str(self.home),
            "INSIGHTS_LOCAL_PORT": str(self.port),
            "INSIGHTS_TOOLCHAIN": str(self.toolchain),
            "INSIGHTS_LOCAL_FIREHOSE_SECONDS": str(self.firehose_seconds),
            "INSIGHTS_LOCAL_ALARM_SECONDS": str(self.alarm_seconds),
            "INSIGHTS_LOCAL_SAVE_SECONDS": str(self.save_seconds),
            "INSIGHTS_LOCAL_SCHEDULES": "on" if self.schedules else "off",
        }

    def client_environment(self) -> dict[str, str]:
        """The variables that point any AWS SDK or CLI at this account, as its owner."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            # the CDK CLI builds bucket host names for S3 unless S3 has an endpoint of its own
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": OWNER_KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": OWNER_KEYS["aws_secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
            # Polars and other clients of Rust's object_store refuse an endpoint without TLS otherwise
            "AWS_ALLOW_HTTP": "true",
        }
