"""`insights explain METRIC`: the rows behind a figure, down to the events of a task."""

import concurrent.futures
import datetime as dt
import json
from typing import Annotated

import typer

from infra.cli import athena
from infra.cli.athena import DATABASE, QueryError, QueryResult, run_query
from infra.cli.errors import explain_errors, fail
from infra.cli.query import print_result, to_json_value
from infra.cli.saved_queries import NoSuchQueryError, find_saved_query


def explain(
    metric: Annotated[str | None, typer.Argument(help="A metric, such as open_tasks.")] = None,
    user: Annotated[str, typer.Option(metavar="ID", help="The figure of one user.")] = "",
    day: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The figure of a past day, UTC.")
    ] = None,
    title: Annotated[
        str | None, typer.Option("--saved", metavar="TITLE", help="A cell of a saved query, by words of its title.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="With --saved: which row of the answer. Give it once per column."),
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="ID", help="Every event of one task.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    database: Annotated[str, typer.Option(help="Where gold is.")] = DATABASE,
) -> None:
    """Show the rows behind a figure, down to a task's events.

    For example: insights explain open_tasks --day 2026-11-22
    """
    # takes a while to import
    from transforms.bi.explain.cells import ExplainError, rows_of, take_apart
    from transforms.bi.explain.metrics import events_of, explain_metric
    from transforms.bi.explain.recount import recount

    if [metric, title, task].count(None) != 2:
        raise typer.BadParameter("give one of a metric, --saved and --task", param_hint="METRIC")
    with explain_errors():
        try:
            if task is not None:
                _print(run_query(events_of(task), database), as_json=as_json)
                return
            if title is not None:
                cell = take_apart(find_saved_query(title, athena.WORKGROUP))
                _print(run_query(rows_of(cell, _conditions(where or [])), database), as_json=as_json)
                return
            explanation = explain_metric(metric or "", user, day.date() if day else None)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                published = pool.submit(run_query, explanation.figure, database) if explanation.figure else None
                rows = run_query(explanation.rows, database)
                figure = published.result().rows[0][0] if published and published.result().rows else None
        except (QueryError, NoSuchQueryError, ExplainError) as error:
            fail(str(error))
    _print(rows, as_json=as_json)
    counted = recount(explanation, rows.columns, rows.rows)
    typer.echo(f"{metric}: {figure or 'nothing'} is published, these rows give {counted:g}", err=as_json)


def _conditions(given: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for condition in given:
        column, equals, value = condition.partition("=")
        if not equals:
            raise typer.BadParameter(f"{condition!r} is not COLUMN=VALUE", param_hint="--where")
        found[column] = None if value == "null" else value
    return found


def _print(result: QueryResult, *, as_json: bool) -> None:
    if not as_json:
        print_result(result)
        return
    for row in result.rows:
        values = [to_json_value(cell, kind) for cell, kind in zip(row, result.types, strict=True)]
        typer.echo(json.dumps(dict(zip(result.columns, values, strict=True)), ensure_ascii=False))
