"""The local account's process: settle the environment, apply every completion, then serve until SIGTERM.

MiniStack reads its settings when it is imported, hence the order in this file. The state is saved below the
account's home every few seconds and by a graceful stop; a kill loses what happened since.
"""

import importlib
import importlib.metadata
import logging
import os
import pathlib
import sys

from infra.local.account import periodic_save, persistence
from infra.local.account.settings import REGION, Settings

SUPPORTED_VERSION = "1.5.33"
COMPLETIONS: tuple[str, ...] = (
    "athena",
    "apigateway",
    "cognito",
    "cloudformation",
    "iam",
    "cloudwatch",
    "dynamodb",
    "stepfunctions",
    "lambda_",
    "streams",
    "firehose",
    "logs",
    "glue",
    "codebuild",
    "s3",
    "scheduler",
    "sqs",
)


def settle_environment(settings: Settings) -> None:
    """Write MiniStack's variables for `settings` into this process's environment and create its folders."""
    folders = {"STATE_DIR": settings.state, "S3_DATA_DIR": settings.home / "s3", "TMPDIR": settings.temporary}
    os.environ.update(settings.environment())
    os.environ.update(settings.client_environment())
    os.environ.update(
        {
            "GATEWAY_PORT": str(settings.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **{name: str(folder) for name, folder in folders.items()},
        }
    )
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    # MiniStack starts Lambda workers as `python3` from PATH: make that this interpreter.
    os.environ["PATH"] = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def main() -> None:
    """Serve the account described by `INSIGHTS_LOCAL_*` until SIGTERM.

    Raises:
        SystemExit: another version of MiniStack is installed than the one the completions were written for.
    """
    settings = Settings.from_environment()
    settle_environment(settings)
    persistence.recover(settings.state)
    version = importlib.metadata.version("ministack")
    if version != SUPPORTED_VERSION:
        raise SystemExit(f"MiniStack {version} is installed, the completions are written for {SUPPORTED_VERSION}")
    # each client that a completion makes would say where its endpoint comes from
    logging.getLogger("botocore").setLevel(logging.WARNING)
    for name in COMPLETIONS:
        importlib.import_module(f"infra.local.{name}").apply()
    from ministack import app

    persistence.apply(app)
    periodic_save.apply(app, settings.state, settings.save_seconds)
    app.main()


if __name__ == "__main__":
    main()
