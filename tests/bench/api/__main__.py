"""Runs the bench and prints its last line, `bench-api: {json}`."""

import asyncio
import contextlib
import json
import logging
import os
import pathlib
import sys
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any, TextIO, cast

from api.settings import Settings
from infra.local.account.settings import Settings as AccountSettings
from tests.bench.api import imports, list_cpu, lists, overhead
from tests.bench.api.requests import Requests
from tests.conftest import Account, free_port
from tests.integration.api.table import create_table

CALLS = {"create": 1, "get": 1, "list": 1, "update": 2, "delete": 2, "replay": 2}
LIST_CALLS = {"first page": 1, "page with a selective filter": 2, "page with a filter that nothing matches": 2}
BOUNDS = {
    "write_units_ratio": 1.0,
    "create_cpu_ms_p50": 6.0,
    "list_cpu_ratio": 2.0,
    "import_ratio": 1.15,
    "first_answer_ratio": 1.25,
    "overhead_ms": 0.3,
}


@contextlib.contextmanager
def table() -> Iterator[Settings]:
    """A table and a signing key in a local account that lives as long as the block."""
    with tempfile.TemporaryDirectory() as home:
        settings = AccountSettings(home=pathlib.Path(home), port=free_port())
        os.environ.update(settings.client_environment())
        account = Account.at(settings)
        account.start()
        try:
            name = create_table(account.session.client("dynamodb"))
            account.session.client("secretsmanager").create_secret(Name=name, SecretString=uuid.uuid4().hex)
            yield Settings(table_name=name, cursor_key_secret_id=name)
        finally:
            account.stop()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The application's log lines and metrics are written as always, but to nowhere."""
    from api.observability import logger

    with pathlib.Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        cast("logging.StreamHandler[TextIO]", logger.registered_handler).setStream(nowhere)
        yield


def missed(figures: dict[str, Any]) -> list[str]:
    """Every bound that is not kept, in words."""
    found = {f"calls.{name}": (float(figures["calls"][name]), float(most)) for name, most in CALLS.items()}
    found |= {name: (figures[name], most) for name, most in BOUNDS.items()}
    found |= {
        f"calls of a {name}": (float(figures["lists"][name]["calls"]), float(most)) for name, most in LIST_CALLS.items()
    }
    return [f"{name} is {value}, at most {most}" for name, (value, most) in found.items() if value > most]


def main() -> int:
    """Measure everything; 1 when a bound is missed."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    import_ratio, first_answer_ratio = imports.import_ratio(), imports.first_answer_ratio()
    with table() as settings, quiet():
        requests = Requests(settings)
        figures = {
            "calls": requests.calls(),
            "lists": lists.costs(settings),
            "write_units_ratio": round(requests.write_units_ratio(), 3),
            "create_cpu_ms_p50": round(requests.create_cpu_ms(), 2),
            **{name: round(ratio, 2) for name, ratio in list_cpu.ratios(settings).items()},
            "import_ratio": round(import_ratio, 2),
            "first_answer_ratio": round(first_answer_ratio, 2),
            "overhead_ms": round(overhead.milliseconds(settings), 2),
        }
    for line in missed(figures):
        print(f"missed: {line}", file=sys.stderr)
    print("bench-api: " + json.dumps(figures), flush=True)
    return 1 if missed(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
