"""The saved queries about the API and the pipeline, recomputed from single requests and runs."""

import datetime as dt

from tests.unit.transforms.bi.recomputed_history import Figures, round_half_up
from tests.unit.transforms.bi.usage import Request, Run


def _days(requests: list[Request]) -> list[tuple[dt.date, list[Request]]]:
    days = sorted({request.day for request in requests})
    return [(day, [request for request in requests if request.day == day]) for day in days]


def _percent(part: int, whole: int) -> float:
    return round_half_up(100 * part / whole, 2)


def api_cold_starts_per_day(requests: list[Request]) -> Figures:
    rows = Figures()
    for day, own in _days(requests):
        cold = [request for request in own if request.cold]
        rows.append([str(day), str(len(cold)), str(_percent(len(cold), len(own)))])
    return rows


def api_requests_per_day(requests: list[Request]) -> Figures:
    return [
        [str(day), str(len(own)), *(str(len([one for one in own if one.status // 100 == kind])) for kind in (4, 5))]
        for day, own in _days(requests)
    ]


def idempotent_replays(requests: list[Request]) -> Figures:
    return [[str(day), str(len([request for request in own if request.replayed]))] for day, own in _days(requests)]


def api_errors_by_route(requests: list[Request]) -> Figures:
    rows = []
    for route in {request.route for request in requests if request.status >= 400}:
        statuses = [request.status for request in requests if request.route == route]
        clients, servers = (len([s for s in statuses if s // 100 == kind]) for kind in (4, 5))
        rows.append((route, len(statuses), _percent(clients, len(statuses)), _percent(servers, len(statuses))))
    rows.sort(key=lambda row: (-row[3], -row[2], row[0]))
    return [[route, str(count), str(client), str(server)] for route, count, client, server in rows]


def api_slowest_routes(requests: list[Request]) -> Figures:
    """The slowest request of all but the slowest twentieth, of each day; the worst day counts."""
    last = max(request.day for request in requests)
    week = [request for request in requests if last - request.day < dt.timedelta(days=7)]
    rows = []
    for route in {request.route for request in week}:
        worst = 0.0
        for _, own in _days([request for request in week if request.route == route]):
            times = [request.ms for request in own]
            worst = max(worst, min(ms for ms in times if 20 * sum(other > ms for other in times) <= len(times)))
        rows.append((route, len([request for request in week if request.route == route]), round_half_up(worst)))
    rows.sort(key=lambda row: (-row[2], row[0]))
    return [[route, str(count), str(ms)] for route, count, ms in rows[:20]]


def pipeline_cost_per_day(runs: list[Run]) -> Figures:
    rows = Figures()
    for day in sorted({run.start.date() for run in runs}):
        own = [run for run in runs if run.start.date() == day]
        minutes, megabytes = sum(run.seconds for run in own) / 60, sum(run.scanned for run in own) / 1e6
        cost = round_half_up(sum(run.cost for run in own), 4)
        rows.append([str(day), str(len(own)), str(round_half_up(minutes)), str(round_half_up(megabytes)), str(cost)])
    return rows


def pipeline_runs(runs: list[Run]) -> Figures:
    rows = Figures()
    for run in sorted(runs, key=lambda run: run.start, reverse=True)[:100]:
        counts = (run.events, run.rejects, 20, 100)
        costs = (round_half_up(run.scanned / 1e6), round_half_up(run.cost, 4))
        minutes = str(round_half_up(run.seconds / 60))
        rows.append([run.name, f"{run.start}.000", minutes, "false", *map(str, counts), *map(str, costs)])
    return rows
