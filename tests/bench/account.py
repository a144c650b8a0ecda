"""What every bench on a local account does: start one of its own, print the figures as JSON, and compare them."""

import contextlib
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port


@contextlib.contextmanager
def start_account() -> Iterator[tuple[Account, pathlib.Path]]:
    """A new local account, which this process's AWS clients use, and a folder; both go afterwards."""
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home)
        settings = Settings(home=folder / "account", port=free_port())
        os.environ.update(settings.client_environment())
        account = Account.at(settings)
        account.start()
        try:
            yield account, folder
        finally:
            account.stop()


def report(name: str, figures: Mapping[str, Any], missed: Iterable[str]) -> int:
    """Print the figures on one line, and what is missed on standard error; the exit status.

    Args:
        name: of the bench.
        figures: what it measured.
        missed: a sentence for each figure that is out of its bound.
    """
    lines = list(missed)
    for line in lines:
        print(f"missed: {line}", file=sys.stderr)
    print(f"{name}: {json.dumps(figures)}", flush=True)
    return 1 if lines else 0
