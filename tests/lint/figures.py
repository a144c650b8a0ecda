"""Where the figures of the pages come from: reads code, settings, templates and locks for `figure_rules`."""

import ast
import dataclasses
import functools
import json
import re
from collections.abc import Callable
from typing import Any

from infra import environments
from infra.site import runbooks, templates
from tests.lint.plain_names import ROOT

MEASURED = "`make follow-pages` measures it"


@dataclasses.dataclass(frozen=True, eq=False)
class Rule:
    """Figures of a phrase.

    Args:
        pattern: the phrase; each group is a number, as digits or as a word.
        source: where the figures come from, or why they are not compared.
        compute: gives the value of each group; empty when the repository cannot know it.
    """

    pattern: re.Pattern[str]
    source: str
    compute: tuple[Callable[[], Any], ...] = ()

    def values(self, places: list[int]) -> list[str] | None:
        """What figures have to be, as digits; None when the repository cannot know them.

        Args:
            places: the numbers of the groups that took part.
        """
        if not self.compute:
            return None
        values = [self.compute[place - 1]() for place in places]
        return [f"{value:g}" if isinstance(value, float) else str(value) for value in values]


def rule(pattern: str, source: str, *compute: Callable[[], Any]) -> Rule:
    """A phrase, and one function for each of its figures."""
    return Rule(re.compile(pattern), source, compute)


def outside(pattern: str, reason: str) -> Rule:
    """A phrase whose figures this repository cannot know."""
    return Rule(re.compile(pattern), reason)


def text(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text()


@functools.cache
def constants(path: str) -> dict[str, Any]:
    """The literals that a module assigns to its names, without importing it."""
    found: dict[str, Any] = {}
    for node in ast.parse(text(path)).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            for target in targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = value if isinstance(target, ast.Tuple) else [value]
                found |= {ast.unparse(name): value for name, value in zip(names, values, strict=True)}
    return found


def count(stack: str, kind: str) -> Callable[[], int]:
    """How many resources of a kind a stack of prod has."""
    return lambda: sum(resource["Type"] == kind for resource in templates.template(stack)["Resources"].values())


def timeout(function: str) -> Callable[[], int]:
    """The timeout of a function, in seconds."""
    return lambda: next(
        resource["Properties"]["Timeout"]
        for _, _, resource in templates.resources("AWS::Lambda::Function")
        if resource["Properties"]["FunctionName"] == function
    )


def the(kind: str, *path: str, per: int = 1) -> Callable[[], int]:
    """The one value that a property has in all resources of a kind that state it.

    Args:
        kind: a CloudFormation type.
        path: of the property.
        per: what the page's unit is of the property's.
    """

    def value() -> int:
        found = set()
        for _, _, resource in templates.resources(kind):
            properties: Any = resource.get("Properties", {})
            for name in path:
                properties = properties.get(name, {}) if isinstance(properties, dict) else {}
            if properties != {}:
                found.add(properties)
        (only,) = found
        return int(only) // per

    return value


def expires(bucket: str, rule_id: str) -> Callable[[], int]:
    """The age in days at which a bucket's rule deletes objects."""
    return lambda: next(
        rule["ExpirationInDays"]
        for _, logical_id, resource in templates.resources("AWS::S3::Bucket")
        for rule in resource["Properties"]["LifecycleConfiguration"]["Rules"]
        if logical_id.startswith(bucket) and rule["Id"] == rule_id
    )


def threshold(alarm: str) -> Callable[[], int]:
    """The threshold of an alarm."""
    return lambda: next(int(known.properties["Threshold"]) for known in runbooks.alarms() if known.name == alarm)


@functools.cache
def definition() -> dict[str, Any]:
    """The state machine's definition."""
    document: dict[str, Any] = json.loads(text("orchestration/pipeline.asl.json"))
    return document


def tries(state: str) -> int:
    """How often a state is tried: once, and as its last Retry says."""
    return 1 + int(definition()["States"][state]["Retry"][-1]["MaxAttempts"])


def locked(package: str) -> str:
    """The version that the lock has of a package."""
    found = re.search(rf"^{package}==([\w.]+)", text("requirements.lock"), re.MULTILINE)
    return found[1] if found else "not locked"


def setting(environment: environments.Name, name: str) -> Callable[[], int]:
    """A setting of an environment."""
    return lambda: int(getattr(environments.example(environment), name))


def composites() -> int:
    """The alarms that notify."""
    return sum(bool(alarm.members) for alarm in runbooks.alarms())


def questions() -> int:
    """The saved queries."""
    return len(list((ROOT / "transforms" / "bi" / "queries").glob("*.sql")))


def key_length() -> int:
    """The longest Idempotency-Key."""
    parameters: list[dict[str, Any]] = json.loads(text("docs/openapi.json"))["paths"]["/api/v1/tasks"]["post"][
        "parameters"
    ]
    return next(int(one["schema"]["maxLength"]) for one in parameters if one["name"] == "Idempotency-Key")


def expressions() -> int:
    """The expressions whose value and type are held to Trino's documentation."""
    folder = "tests/integration/local/athena"
    modules = [constants(f"{folder}/test_functions.py"), constants(f"{folder}/trino_documentation.py")]
    return sum(len(module[name]) for module in modules for name in ("TYPED", "SCALARS", "AGGREGATES") if name in module)


def longest_module() -> int:
    """300 while every module outside of tests is shorter, blank lines aside; else one more than the longest has."""
    folders = ("api", "ingestion", "transforms", "orchestration", "infra")
    modules = [path for name in folders for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts]
    return max(300, 1 + max(sum(bool(line.strip()) for line in path.read_text().splitlines()) for path in modules))


def period(alarm: str) -> int:
    """The period of an alarm's metric, in seconds."""
    properties = next(known.properties for known in runbooks.alarms() if known.name == alarm)
    return int(properties.get("Period") or properties["Metrics"][0]["MetricStat"]["Period"])


def statuses(status: str) -> Callable[[], str]:
    """The status when a route answers with it."""
    document = text("docs/openapi.json")
    return lambda: status if f'"{status}": {{' in document else "answered by no route"


def active_days() -> str:
    """The days in which a user who counts as active has changed something."""
    model = text("transforms/dbt/models/marts/business_metrics_kpis.yml")
    return str(re.findall(r"changed in the last (\d+) days", model)[0])


def clock_days() -> str:
    """How far `make test-clock` moves the clock."""
    return str(re.findall(r"FAKETIME=\+(\d+)d", text("Makefile"))[0])


def next_minor(version: str) -> str:
    """The minor version after a version."""
    major, minor, *_ = version.split(".")
    return f"{major}.{int(minor) + 1}"


def jar(pattern: str) -> str:
    """A version of a jar that local Spark has."""
    return str(re.findall(pattern, " ".join(text("infra/toolchain/spark.py").split()))[0])
