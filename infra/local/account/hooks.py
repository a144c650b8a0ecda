"""How a completion takes hold of the emulator, and how its work keeps the emulator's request context.

Services' handlers look functions up as module globals at each call, so replacing a module attribute is enough.
`hook` guards each replacement: when an upgrade changes the function's parameters, the account refuses to start instead
of silently going without the completion.
"""

import contextvars
import inspect
import threading
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any


class HookChangedError(RuntimeError):
    """The emulator no longer has the function that a completion was written for."""


def hook(module: ModuleType, name: str, parameters: str) -> Callable[..., Any]:
    """Return `module.name` after checking that it still takes exactly `parameters`.

    Args:
        module: a MiniStack module.
        name: the function's name in it.
        parameters: the expected parameter names, separated by spaces.

    Raises:
        HookChangedError: the function is gone or takes something else.
    """
    original: Callable[..., Any] | None = getattr(module, name, None)
    if original is None:
        raise HookChangedError(f"{module.__name__}.{name} is gone: its completion needs another hook")
    found = " ".join(inspect.signature(original).parameters)
    if found != parameters:
        raise HookChangedError(
            f"{module.__name__}.{name} takes ({found}); its completion was written for ({parameters})"
        )
    return original


def replace(module: ModuleType, name: str, parameters: str, replacement: Callable[..., Any]) -> Callable[..., Any]:
    """Put `replacement` in the place of `module.name`, guarded by `hook`; returns the original."""
    original = hook(module, name, parameters)
    setattr(module, name, replacement)
    return original


def after_restoring(module: ModuleType, store: Any, repair: Callable[[], None]) -> None:
    """Call `repair`, in each account and region that has something in `store`, once a service has loaded its state.

    For work that did not survive the account's stop: what was running then would otherwise be running for ever.

    Raises:
        HookChangedError: the service loads its state otherwise.
    """

    def load_persisted_state(data: Any) -> Any:
        restored = original(data)
        for account, region in account_scopes(store):
            in_scope(account, region, repair)
        return restored

    original = replace(module, "load_persisted_state", "data", load_persisted_state)


def in_background(function: Callable[..., Any], *arguments: Any, delay: float = 0) -> threading.Timer:
    """Run `function` in a daemon thread after `delay` seconds, under the current account and region.

    MiniStack keeps both in context variables, which threads do not inherit.
    """
    context = contextvars.copy_context()
    work = threading.Timer(delay, lambda: context.run(function, *arguments))
    work.daemon = True
    work.start()
    return work


def account_scopes(store: Any) -> set[tuple[str, str]]:
    """Every (account, region) that has something in one of MiniStack's account- and region-scoped stores."""
    keys: Iterable[Any] = list(store._data)
    return {(key[0], key[1]) for key in keys if len(key) == 3}


def in_scope(account: str, region: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function` as if in a request of that account and region."""
    from ministack.core import responses

    def run() -> Any:
        responses._request_account_id.set(account)
        responses._request_region.set(region)
        return function(*arguments)

    return contextvars.copy_context().run(run)
