"""docs/reference/settings.md: every environment variable that the code reads, and every CDK context value.

Variables are found in the source; a variable without a description here is an error, and so is a description of a
variable that nothing reads any more.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator

from infra import ROOT, environments
from infra.environments import NAMES, SETTINGS, Environment
from infra.site import templates
from infra.site.markdown import code, codes, page, table

FOLDERS = ("api", "ingestion", "transforms", "orchestration", "infra")
NOT_READ = {"target", "node_modules", "site"}
READS = re.compile(
    r"""(?:environ(?:\.get|\.pop|\.setdefault)?[\[(]|variables\.get\(|envvar=|alias=|env_var\()\s*["']([A-Z][A-Z0-9_]+)["']"""
    r"""|["'](INSIGHTS_(?!ROWS_)[A-Z_]+)["']""",
)
# of AWS's tools, of the shell or of Java: their own documentation describes them
FOREIGN = {
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_REGION",
    "JAVA_HOME",
    "PATH",
}
DESCRIPTIONS = {
    "ALERTS_TOPIC": "ARN of the topic that operators are notified by",
    "ARTIFACTS_BUCKET": "bucket of manifests, reports of the silver job, and dbt's files",
    "ATHENA_POLL_SECONDS": "pause between two looks of dbt at a running query, in seconds",
    "ATHENA_WORKGROUP": "Athena workgroup of the queries",
    "BRONZE_BUCKET": "bucket whose new objects a run reads",
    "CHANGED_DAYS": "of how many days the comparison looks at what silver has merged; without it, at everything",
    "CRAWLER_NAME": "crawler that catalogues bronze",
    "WEBHOOK_KEY_SECRET_ID": "Secrets Manager name or ARN of the key that secrets of webhooks are derived from",
    "PRIVATE_WEBHOOK_TARGETS": "whether webhooks may lead to plain HTTP and to private addresses: `true` or `false`",
    "QUEUE_URL": "the queue of webhooks' deliveries",
    "CRAWL_HOURS": "least hours between two crawls of bronze; 0 crawls with each new folder",
    "CURSOR_KEY_SECRET_ID": "Secrets Manager name or ARN of the key that signs list cursors",
    "DBT_CHANGED_SINCE": "instant from which dbt's models and tests look at rows; set by the runner",
    "DBT_EXCLUDE": "dbt node selection that the build leaves out",
    "BRONZE_SCHEMA": "Glue database of the lines of bronze that dbt's live views read",
    "DBT_BRONZE_UNREAD_SINCE": "day and hour of the first folder of bronze that may hold what silver does not",
    "DBT_SELECT": "dbt node selection that the build is narrowed to",
    "DBT_TARGET": "dbt profile target: `local`, `dev` or `prod`",
    "DBT_USER": "developer's name in the database `todo_analytics_<user>` of target `dev`",
    "DELIVERY_STREAM_NAME": "Firehose stream that change events go to",
    "ENVIRONMENT": "name of the deployment, which `GET /health` answers",
    "FIGURE_ALERTS_TOPIC": "SNS topic of messages about figures that have crossed a threshold",
    "GOLD_BUCKET": "bucket of gold's tables and of dbt's query results",
    "GOLD_DATABASE": "Glue database of gold that publishing reads",
    "GOLD_SCHEMA": "Glue database that dbt builds into and the dashboard reads",
    "INSIGHTS_AWS_ACCOUNT": "number of the AWS account that commands may change, as `--account`",
    "INSIGHTS_LOCAL_ALARM_SECONDS": "seconds between two evaluations of alarms in the local account",
    "INSIGHTS_LOCAL_SAVE_SECONDS": "seconds between two saves of the local account while something is written; 0: none",
    "INSIGHTS_LOCAL_FIREHOSE_SECONDS": "longest time that a record waits in a local delivery stream, in seconds",
    "INSIGHTS_LOCAL_HOME": "folder of the local account's state",
    "INSIGHTS_LOCAL_PORT": "port of the local account on 127.0.0.1",
    "INSIGHTS_LOCAL_ROLE": "role whose keys `insights query` and the dashboard use on the local account",
    "INSIGHTS_LOCAL_SCHEDULES": "`on` makes EventBridge schedules fire in the local account",
    "INSIGHTS_PASSWORD": "password of `insights login`",
    "INSIGHTS_SERVE_API_ID": "HTTP API that `insights serve` replaces; set by the command",
    "INSIGHTS_TARGET": "`local` or `aws`, as `--target`",
    "INSIGHTS_TOOLCHAIN": "folder of Spark's jars, Chromium and what else is downloaded once",
    "MAX_GIGABYTES_PER_USER": "size of one user's tasks in the table and its indexes, in GB",
    "MAX_TASKS_PER_USER": "live tasks that one user may have",
    "REQUESTS_PER_MINUTE_PER_USER": "requests that the API accepts of one user in a minute; 0 for no limit",
    "POWERTOOLS_METRICS_NAMESPACE": "CloudWatch namespace of metrics in logs",
    "POWERTOOLS_SERVICE_NAME": "service in log lines and in the metrics' dimension",
    "RES_OPTIONS": "how long the name server of webhooks' receivers may take: read by the C library",
    "QUARANTINE_QUEUE_URL": "queue of change events that no delivery stream takes",
    "RUNBOOKS_URL": "URL or folder of the runbooks, with a slash at its end",
    "RUN_ID": "name of the execution that a build belongs to; part of the address of dbt's files",
    "SETTLED_MINUTES": "age from which a change must have reached silver, for the comparison",
    "SILVER_SCHEMA": "Glue database that dbt's sources are in",
    "TABLE_NAME": "DynamoDB table of the application",
    "WR_WORKGROUP": "Athena workgroup of the dashboard, which awswrangler reads, too",
}
INTRODUCTION = """\
# Settings

Written by `make reference` from the code that reads them. [How they differ per environment](#per-environment) is
decided in [infra/environments.py](../../infra/environments.py)."""


def text() -> str:
    """The whole page."""
    readers = read_by()
    rows = [
        (code(name), DESCRIPTIONS[name], codes(sorted(readers[name])))
        for name in sorted(set(readers) & set(DESCRIPTIONS))
    ]
    context = re.findall(r"^\| (`.+`) \| (.+) \|$", environments.__doc__ or "", re.MULTILINE)
    return page(
        INTRODUCTION,
        "## Environment variables",
        f"Variables of other tools that are read as well: {codes(sorted(FOREIGN))}.",
        table(("variable", "meaning", "read by"), rows),
        "## What the functions and builds get in prod",
        table(("function or build", "variable", "value"), sorted(deployed())),
        "## CDK context",
        "Given to `insights deploy` and `insights synth` as `-c NAME=VALUE`.",
        table(("context value", "meaning"), [*context, ("`environment`", "`dev`, `staging` or `prod`")]),
        "## Per environment",
        _per_environment(),
    )


def undocumented() -> list[str]:
    """Variables that are read and not described, or described and not read; settings without a description."""
    here, known = "in infra/site/settings_reference.py", set(read_by())
    found = [f"{name} is read and not described {here}" for name in sorted(known - set(DESCRIPTIONS) - FOREIGN)]
    found += [f"{name} is described {here} and nothing reads it" for name in sorted(set(DESCRIPTIONS) - known)]
    described = _described_settings()
    names = [field.name for field in dataclasses.fields(Environment)]
    return found + [f"Environment.{name} has no description" for name in names if name not in described]


@functools.cache
def read_by() -> dict[str, set[str]]:
    """Each variable, and the files or functions that it is read by."""
    found: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".py", ".yml", ".sql") or not NOT_READ.isdisjoint(path.parts):
                continue
            for groups in READS.findall(path.read_text()):
                found.setdefault(next(filter(None, groups)), set()).add(path.relative_to(ROOT).as_posix())
    for owner, name, _ in deployed():
        found.setdefault(name.strip("`"), set()).add(owner.strip("`"))
    return found


def deployed() -> Iterator[tuple[str, str, str]]:
    """Function or build, variable and value, of every function and build in prod."""
    for stack, _, resource in templates.resources("AWS::Lambda::Function"):
        properties = resource["Properties"]
        for name, value in properties.get("Environment", {}).get("Variables", {}).items():
            yield code(properties["FunctionName"]), code(name), code(templates.text(value, stack))
    for stack, _, resource in templates.resources("AWS::CodeBuild::Project"):
        for variable in resource["Properties"]["Environment"].get("EnvironmentVariables", []):
            value = templates.text(variable["Value"], stack)
            yield code(resource["Properties"]["Name"]), code(variable["Name"]), code(value)


def _described_settings() -> dict[str, str]:
    arguments = re.sub(r"\n {12}", " ", Environment.__doc__ or "")
    return dict(re.findall(r"^ {8}(\w+): (.+)$", arguments, re.MULTILINE))


def _per_environment() -> str:
    described, rows = _described_settings(), []
    for field in dataclasses.fields(Environment):
        if field.name in ("name", "target"):
            continue
        values = [_shown(SETTINGS[name].get(field.name, _default(field))) for name in NAMES]
        rows.append((code(field.name), described[field.name], *values))
    return table(("setting", "meaning", *NAMES), rows)


def _default(field: "dataclasses.Field[object]") -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else ""


def _shown(value: object) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{name.rstrip('_')} {amount}" for name, amount in dataclasses.asdict(value).items())
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return "" if value in ("", ()) else ", ".join(value) if isinstance(value, tuple) else str(value)
