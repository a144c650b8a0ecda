"""Saves the account's state as a whole: all services' files or none of them.

MiniStack 1.5.33 writes one file per service when it stops; where the disk is full, some are new and some are old, and
nobody hears of it. Here all files that differ are written beside the old ones first. Only when each of them is complete
are they moved into place; a move that is interrupted is finished at the next start or save. Whether a stop saved is in
`saved.json`.
"""

import contextlib
import json
import logging
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.account import hooks

SAVED = "saved.json"
log = logging.getLogger(__name__)

Services = Mapping[str, Callable[[], Any]]


def _staging(folder: pathlib.Path) -> pathlib.Path:
    return folder.with_name(f"{folder.name}-new")


def apply(app: Any) -> None:
    """Put the completion in place.

    Args:
        app: the module `ministack.app`, which saves at its shutdown.

    Raises:
        HookChangedError: the emulator saves otherwise.
    """
    from ministack.core import persistence

    hooks.hook(persistence, "_json_default", "obj")
    hooks.hook(persistence, "_state_format_version", "service")

    def save_all(services: Services) -> None:
        save(pathlib.Path(persistence.STATE_DIR), services)

    hooks.replace(app, "save_all", "services", save_all)


def save(
    folder: pathlib.Path, services: Services, *, instant: float | None = None, while_alive: int | None = None
) -> bool:
    """Write every service's state below `folder`; on an error, which is logged, what was there stays as it is.

    Args:
        services: name -> what gives its state; None keeps the state of the last time.
        instant: of which the state is, in seconds since the epoch; None: now.
        while_alive: the process whose child saves; when it has ended, another one may use the folder. None: nobody's.

    Returns:
        whether it was saved.
    """
    staging = _staging(folder)
    instant = time.time() if instant is None else instant
    try:
        recover(folder)
        staging.mkdir(parents=True)
        for name, get_state in services.items():
            if _is_orphan(while_alive):
                return False
            if (state := get_state()) is not None:
                _write(folder, staging, name, state)
        (staging / SAVED).write_text(json.dumps({"saved_at": instant}))
    except Exception:
        log.exception("the account's state could not be saved; the state of the last save stays")
        shutil.rmtree(staging, ignore_errors=True)
        return False
    if _is_orphan(while_alive):
        return False
    recover(folder)
    return True


def _is_orphan(parent: int | None) -> bool:
    return parent is not None and os.getppid() != parent


def _write(folder: pathlib.Path, staging: pathlib.Path, service: str, state: Any) -> None:
    """The service's file in `staging`, unless the one in `folder` says the same."""
    from ministack.core import persistence

    content = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    # in one go: `json.dump` encodes piece by piece and takes four times as long
    text = json.dumps(content, default=persistence._json_default)
    name = f"{service}.json"
    with contextlib.suppress(FileNotFoundError):
        if (folder / name).read_text() == text:
            return
    with (staging / name).open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def recover(folder: pathlib.Path) -> None:
    """Move a complete save into place, and drop one that is not complete."""
    staging = _staging(folder)
    if not (staging / SAVED).exists():
        shutil.rmtree(staging, ignore_errors=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(staging.iterdir(), key=lambda path: path.name == SAVED):  # the sign of completeness last
        path.replace(folder / path.name)
    staging.rmdir()


def saved_at(folder: pathlib.Path) -> float:
    """Of what instant the saved state is, in seconds since the epoch; 0 when it never was."""
    try:
        return float(json.loads((folder / SAVED).read_text())["saved_at"])
    except (FileNotFoundError, ValueError, KeyError):
        return 0.0
