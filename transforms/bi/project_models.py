"""dbt's models as SQL that computes them from scratch, without dbt: for tests, and for answers about some tasks.

A model is a template of Jinja; with its macros and without an incremental build it is one SELECT.
"""

import datetime as dt
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import jinja2

PROJECT = pathlib.Path(__file__).resolve().parents[1] / "dbt"


def compile_models(
    names: list[str], macros: pathlib.Path, as_of: dt.datetime, relations: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The SQL of models.

    Args:
        names: of the models.
        macros: the folder with the project's macros, or a changed copy.
        as_of: the instant that figures refer to.
        relations: what stands for a model or source that is read; else its own name does.
    """
    variables = {"as_of_date": str(as_of.date()), "as_of": f"{as_of:%Y-%m-%d %H:%M:%S}"}
    read = relations or {}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])  # noqa: S701  SQL is no HTML
    environment.globals.update(
        ref=lambda name: read.get(name, name),
        var=lambda name, default=None: variables.get(name, default),
        env_var=lambda _, default: default,
        run_started_at=as_of,
        is_incremental=lambda: False,
        config=lambda **_: "",
        this="this",
        source=lambda _, name: read.get(name, name),
    )
    defined = environment.from_string("".join(path.read_text() for path in sorted(macros.glob("*.sql")))).make_module()
    own: dict[str, Any] = {name: getattr(defined, name) for name in vars(defined) if not name.startswith("_")}
    own["followed_events"] = lambda: None
    own["high_water_mark"] = lambda *_, **__: {"mark": None, "erased": False}
    environment.globals.update(own)
    paths = {path.stem: path for path in (PROJECT / "models").rglob("*.sql")}
    return {name: environment.from_string(paths[name].read_text()).render() for name in names}


def in_build_order(models: Mapping[str, str]) -> list[str]:
    """The names of models, each after those that its SQL names."""
    found: list[str] = []

    def visit(name: str) -> None:
        if name in found:
            return
        for read in sorted(set(re.findall(r"(?:from|join)\s+(\w+)", models[name])) & models.keys() - {name}):
            visit(read)
        found.append(name)

    for name in sorted(models):
        visit(name)
    return found
