"""What every figure of every bench is: a ratio to something measured beside it, a count, or an absolute value.

Only ratios and counts are compared between reports: absolute values say as much about the machine as about the code.
"""

import dataclasses
import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Kind = Literal["ratio", "count", "absolute"]
BENCHES = ("api", "ingestion", "silver", "gold", "growth", "soak")


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of a bench, or several with names of one pattern.

    Args:
        key: path in the bench's JSON with dots, or a pattern of `fnmatch`.
        title: what it is; `*` stands for what the pattern's star matched.
        kind: absolute values depend on the machine.
        beside: what a ratio was measured beside, or the unit.
        higher_is_better: whether a larger value is an improvement.
    """

    key: str
    title: str
    kind: Kind
    beside: str
    higher_is_better: bool = False


FIGURES: dict[str, tuple[Figure, ...]] = {
    "api": (
        Figure("calls.*", "calls of AWS: *", "count", "calls"),
        Figure("lists.*.calls", "calls of AWS: list, *", "count", "calls"),
        Figure("lists.*.read_units", "read units: list, *", "count", "units"),
        Figure("write_units_ratio", "write units of a create", "ratio", "four indexes and a record of its own"),
        Figure("create_cpu_ms_p50", "processor time of a create, median", "absolute", "ms"),
        Figure("list_cpu_ratio", "processor time of a list of 100 tasks", "ratio", "a bare route with the same call"),
        Figure("list_cpu_ratio_static", "the same", "ratio", "a bare route that has the bytes already"),
        Figure("import_ratio", "import of the function", "ratio", "import of FastAPI, Mangum and botocore alone"),
        Figure("first_answer_ratio", "first answer of a fresh process", "ratio", "a bare application's"),
        Figure("overhead_ms", "processor time above bare Starlette and Mangum, a read", "absolute", "ms"),
    ),
    "ingestion": (
        Figure("records_per_s", "records transformed", "absolute", "a second and core", higher_is_better=True),
        Figure("ratio_to_json_dumps", "records transformed", "ratio", "`json.dumps` of the same records", True),
        Figure("write_to_bronze_extra_s", "write to bronze, above the buffer's interval", "absolute", "s"),
    ),
    "silver": (
        Figure("cpu_ratio_duckdb_*", "processor time of a full build, events: *", "ratio", "DuckDB, same rows"),
        Figure("increment_ratio", "time of an increment of 1 %", "ratio", "the full build"),
        Figure("growth_5m_1m", "time of five million events", "ratio", "one million events"),
        Figure("peak_mib", "memory at most", "absolute", "MiB"),
        Figure("empty_seconds_after_start", "an empty window, after Spark's start", "absolute", "s"),
        Figure("*_s", "time: *", "absolute", "s"),
        Figure("*_events", "events: *", "absolute", "events"),
    ),
    "gold": (
        Figure("second_scan_ratio", "bytes scanned with nothing new", "ratio", "the first build"),
        Figure("second_plain_scan_ratio", "bytes scanned by a plain build, nothing new", "ratio", "a full refresh"),
        Figure("second_build_ratio", "time of a build with nothing new", "ratio", "the first build"),
        Figure("pipeline_plain_ratio", "time of the pipeline's first build", "ratio", "a plain `dbt build`"),
        Figure("saved_query_scan_ratio_*", "bytes of a saved query, *", "ratio", "all of gold"),
        Figure("events", "task events in silver", "absolute", "events"),
        Figure("models", "models", "absolute", "models"),
        Figure("tests", "tests", "absolute", "tests"),
        Figure("saved_queries", "saved queries", "absolute", "queries"),
        Figure("*_s", "time: *", "absolute", "s"),
        Figure("*_scan_mb", "bytes scanned: *", "absolute", "MB"),
    ),
    "growth": (
        Figure("*.ratio", "growth of *", "ratio", "ten times less history"),
        Figure("events", "task events of the small lake", "absolute", "events"),
        Figure("growth", "how much larger the other lake is", "absolute", "times"),
        Figure("*.small", "*, small lake", "absolute", "as named"),
        Figure("*.large", "*, large lake", "absolute", "as named"),
    ),
    "soak": (
        Figure("routes.*.p50_ratio", "median latency of *", "ratio", "bare Starlette and Mangum in the same account"),
        Figure("routes.*.errors", "errors of *", "count", "requests"),
        Figure("routes.*.requests", "requests of *", "absolute", "requests"),
        Figure("routes.*.p50_ms", "median latency of *", "absolute", "ms"),
        Figure("routes.*.p99_ms", "99th percentile of *", "absolute", "ms"),
        Figure("memory.*.growth", "memory of a worker of * in its last third", "ratio", "its second third"),
        Figure("memory.*.peak_mib", "memory of a worker of * at most", "absolute", "MiB"),
        Figure("memory.*.workers", "workers of *", "absolute", "processes"),
        Figure("processor_s.*", "processor time of *", "absolute", "s"),
        Figure("errors", "errors", "count", "requests"),
        Figure("*", "*", "absolute", "as named"),
    ),
}


def flatten(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Path and value of every number in a bench's JSON; what was not measured is left out.

    Args:
        document: the bench's JSON.
        prefix: of the paths.
    """
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, float(value)


def describe(bench: str, key: str) -> tuple[Figure, str]:
    """The figure of a path, and its title.

    Args:
        bench: whose.
        key: path of the value.

    Raises:
        LookupError: nobody has said what it is.
    """
    for figure in FIGURES[bench]:
        if fnmatch.fnmatchcase(key, figure.key):
            before, _, after = figure.key.partition("*")
            middle = key[len(before) : len(key) - len(after) if after else None]
            return figure, figure.title.replace("*", middle.replace("_", " "))
    raise LookupError(f"bench {bench}: say in {__name__} what {key} is")
