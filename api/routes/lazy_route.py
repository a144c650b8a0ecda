"""Routes that FastAPI analyses when they are first requested.

Reading signatures and building validators takes FastAPI milliseconds per route. A process that starts because of one
request needs one route, so only what is needed to find a route is made at import (ADR 0107).
"""

import threading
import warnings
from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.routing import compile_path

_ANALYSING = threading.RLock()


class LazyRoute(APIRoute):
    """A route of which only path and methods are known until it is requested, or until `prepare`.

    Args:
        path: as `APIRoute`.
        endpoint: as `APIRoute`.
        name: as `APIRoute`.
        methods: as `APIRoute`.
        options: everything else that `APIRoute` takes.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        methods: set[str] | list[str] | None = None,
        **options: Any,
    ) -> None:
        # what starlette.routing.Route.matches reads
        self.path = path
        self.endpoint = endpoint
        self.methods = {method.upper() for method in methods or ("GET",)}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._options: dict[str, Any] | None = {**options, "name": name, "methods": methods}

    def prepare(self) -> None:
        """Let FastAPI analyse the route, unless it has.

        Raises:
            fastapi.exceptions.FastAPIError: a parameter or the response has a type that cannot be validated.
        """
        with _ANALYSING:
            options, self._options = self._options, None
            if options is None:
                return
            with warnings.catch_warnings():
                # of the parameter's name, which FastAPI hands to pydantic; FastAPI itself ignores it, too
                warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
                super().__init__(self.path, self.endpoint, **options)
                for field in (self.body_field, *self.dependant.query_params):
                    if field is not None:
                        field.validate(None)  # builds the validator, which is deferred with the model's

    def __getattr__(self, name: str) -> Any:
        # called for attributes that are missing, which the analysis makes; another thread may be at it
        with _ANALYSING:
            if self.__dict__.get("_options") is not None:
                self.prepare()
            if name in self.__dict__:
                return self.__dict__[name]
        raise AttributeError(name)
