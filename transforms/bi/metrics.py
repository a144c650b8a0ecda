"""The definitions of metrics in dbt's models, rendered into SQL that is not dbt's: saved queries and the dashboard.

What a metric counts is a macro of the dbt project, `macros/metrics.sql`, and nothing else says it again.
"""

import functools
import pathlib
from collections.abc import Mapping

import jinja2
import jinja2.sandbox

MACROS = pathlib.Path(__file__).resolve().parents[1] / "dbt" / "macros" / "metrics.sql"


class MetricError(ValueError):
    """The SQL names a metric that is not defined, or gives it what it does not take."""


def render(sql: str, macros: pathlib.Path = MACROS, values: Mapping[str, int] | None = None) -> str:
    """SQL with `{{ is_open('status') }}` and the like replaced by what they stand for.

    Args:
        sql: Trino SQL.
        macros: the file that defines them.
        values: of the query's own parameters, by name.

    Raises:
        MetricError: a macro does not exist, or takes other arguments.
    """
    try:
        return _environment(macros).from_string(sql).render(values or {})
    except (jinja2.TemplateError, TypeError) as error:
        raise MetricError(f"the SQL cannot be rendered: {error}") from error


@functools.cache
def _environment(macros: pathlib.Path) -> jinja2.Environment:
    environment = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    defined = environment.from_string(macros.read_text()).make_module()
    names = [name for name in vars(defined) if not name.startswith("_")]
    environment.globals.update({name: getattr(defined, name) for name in names})
    return environment
