"""What every figure of the pages is compared with: the rules of `page_figures`, by subject.

A phrase that several pages use is stated once. `outside` is for what this repository cannot know, with the reason.
"""

import re

from api.models.fields import MAX_LABELS
from api.services.task_states import RESTORABLE
from api.services.write_request import LIFETIME_SECONDS
from infra import ROOT, cost_model
from infra.environments import Name, example
from infra.local.account.settings import DEFAULT_PORT
from infra.local.demo import history
from infra.preflight import machine
from infra.preflight.aws import QUOTAS
from infra.site import runbooks, templates
from infra.toolchain import java
from orchestration.executions.state_machine import REDRIVABLE_DAYS
from tests.field_guide import MAX_FILES
from tests.lint.figures import (
    MEASURED,
    Rule,
    composites,
    constants,
    count,
    definition,
    expires,
    expressions,
    jar,
    key_length,
    locked,
    longest_module,
    next_minor,
    outside,
    period,
    questions,
    rule,
    setting,
    text,
    the,
    threshold,
    timeout,
    tries,
)
from tests.lint.passing_figures import PASSING
from tests.lint.webhook_figures import WEBHOOKS


def error_if() -> int:
    """The number of rows from which a test of gold stops the build; one for all that have it."""
    found = [
        int(number)
        for folder in ("models/marts", "tests")
        for path in (ROOT / "transforms" / "dbt" / folder).glob("*.[ys]*l")
        for number in re.findall(r"error_if[=:] ?'>(\d+)'", path.read_text())
    ]
    assert len(set(found)) == 1
    return found[0]


def record_ages() -> set[int]:
    """The ages in seconds at which webhooks and, later, change capture give records of the table's stream up."""
    resources = templates.resources("AWS::Lambda::EventSourceMapping")
    properties = [resource["Properties"] for _, _, resource in resources]
    return {int(one["MaximumRecordAgeInSeconds"]) for one in properties if "MaximumRecordAgeInSeconds" in one}


def budget(name: Name) -> int:
    """US dollars a month that an environment may cost in all before somebody is notified."""
    budgets = example(name).budgets
    assert budgets is not None
    return budgets.total


ALARMS = "infra/stacks/alarms/api.py"
SERVICE_LEVELS = "infra/stacks/alarms/service_levels.py"
SLO = "an objective of infra/stacks/alarms/api.py"


RULES: tuple[Rule, ...] = (
    # the machine
    rule(
        r"Python (3\.\d+), (3\.\d+) or (3\.\d+)",
        "what `insights doctor` accepts",
        lambda: f"3.{machine.OLDEST_PYTHON[1]}",
        lambda: f"3.{machine.OLDEST_PYTHON[1] + 1}",
        lambda: f"3.{machine.NEWEST_PYTHON[1]}",
    ),
    rule(r"(?:JDK|Java) (\d+)", "the version of infra.toolchain.java", lambda: java.VERSION),
    outside(r"WSL (2)", "a product's name"),
    outside(r"(\d+) GB, of which about (\d+) GB is downloaded once", MEASURED),
    rule(r"(\d+) GB, of which 2 GB", "infra.preflight.machine.MIN_MEMORY_GB", lambda: round(machine.MIN_MEMORY_GB)),
    outside(r"GB, of which (2) GB are free", "the emulator, a Spark job and dbt at once, rounded up"),
    rule(r"port (\d+) is taken", "the local account's default port", lambda: DEFAULT_PORT),
    outside(r"(127\.0\.0\.1)", "the loopback address; tests/integration/local looks for what listens elsewhere"),
    rule(r"imports (\w+) weeks of history", "infra.local.demo.history.DAYS", lambda: history.DAYS // 7),
    # versions
    rule(
        r"Glue (\d\.\d)",
        "GlueVersion of the jobs",
        lambda: next(resource["Properties"]["GlueVersion"] for _, _, resource in templates.resources("AWS::Glue::Job")),
    ),
    rule(r"dbt-core below (\d\.\d+)", "one minor version above the lock", lambda: next_minor(locked("dbt-core"))),
    rule(r"follows Trino (\d+)", "the lock", lambda: locked("trino-query-parser").split(".")[1]),
    rule(
        r"Lambda's Python (3\.\d+)",
        "the runtime of todo-api",
        lambda: next(
            resource["Properties"]["Runtime"].removeprefix("python")
            for _, _, resource in templates.resources("AWS::Lambda::Function")
            if resource["Properties"]["FunctionName"] == "todo-api"
        ),
    ),
    rule(r"pyspark (\d\.\d)", "the lock", lambda: locked("pyspark").rpartition(".")[0]),
    rule(
        r"with Iceberg (\d\.\d+) and hadoop-aws (\d\.\d)",
        "the jars of infra.toolchain.spark",
        lambda: jar(r"iceberg-spark-runtime-3\.5_2\.12-(\d+\.\d+)"),
        lambda: jar(r"hadoop-aws (\d\.\d)"),
    ),
    outside(r"last release is of (2023)", "https://pypi.org/project/trino-query-parser/"),
    outside(r"Athena's engine (3)", "https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html"),
    # counts
    rule(r"up to (\d+) labels", "api.models.fields.MAX_LABELS", lambda: MAX_LABELS),
    rule(r"(Thirty-\w+) questions are saved", "the number of files in transforms/bi/queries", questions),
    rule(r"(\w+) composites that notify", "the number of composite alarms", composites),
    rule(r"A field costs (\w+) files", "tests.field_guide.MAX_FILES", lambda: MAX_FILES),
    rule(r"with the (\w+) headings", "the number of headings of a runbook", lambda: len(runbooks.HEADINGS)),
    rule(r"(\d+) expressions are held", "the number of expressions in tests/integration/local/athena", expressions),
    rule(
        r"the (\w+) groups of tests",
        "the parts of .github/workflows/ci.yml",
        lambda: len(re.findall(r"- \{part:", text(".github/workflows/ci.yml"))),
    ),
    rule(
        r"table, (\w+) buckets, (\w+) Glue databases, (\w+) secrets",
        "the number in TodoDataStack",
        count("Data", "AWS::S3::Bucket"),
        count("Data", "AWS::Glue::Database"),
        count("Data", "AWS::SecretsManager::Secret"),
    ),
    rule(
        r"request logs, (\w+) delivery streams, (\w+) queues",
        "the number in TodoIngestionStack",
        count("Ingestion", "AWS::KinesisFirehose::DeliveryStream"),
        count("Ingestion", "AWS::SQS::Queue"),
    ),
    rule(
        r"crawler, (\w+) Glue jobs, dbt project, (\w+) Athena workgroups",
        "the number in TodoTransformsStack",
        count("Transforms", "AWS::Glue::Job"),
        count("Transforms", "AWS::Athena::WorkGroup"),
    ),
    rule(
        r"state machine, (\w+) functions, schedules, (\w+) queues",
        "the number in TodoOrchestrationStack",
        count("Orchestration", "AWS::Lambda::Function"),
        count("Orchestration", "AWS::SQS::Queue"),
    ),
    rule(r"alarms, (\w+) topics", "the number in TodoMonitoringStack", count("Monitoring", "AWS::SNS::Topic")),
    rule(r"links in the (\w+) mails", "the number of subscriptions", count("Monitoring", "AWS::SNS::Subscription")),
    rule(
        r"outputs are (\w+) role ARNs",
        "the number of outputs of infra/ci-roles.yaml",
        lambda: len(re.findall(r"^  \w+RoleArn:$", text("infra/ci-roles.yaml"), re.MULTILINE)),
    ),
    rule(
        r"has its (two) alarms at once",
        "the number of alarms of a state",
        lambda: sum(
            alarm.name in ("todo-insights-pipeline-BuildGold-failed", "todo-insights-pipeline-BuildGold-slow")
            for alarm in runbooks.alarms()
        ),
    ),
    rule(
        r"[Tt]he (four) (?:do not import each other|stages)",
        "the number of stages",
        lambda: len([name for name in ("api", "ingestion", "transforms", "orchestration") if (ROOT / name).is_dir()]),
    ),
    rule(r"monthly cost at (\w+) sizes", "infra.cost_model.REQUESTS_A_DAY", lambda: len(cost_model.REQUESTS_A_DAY)),
    rule(
        r"costs about (\d+) USD a month",
        "the cost model's idle environment",
        lambda: round(sum(cost_model.monthly(0, cost_model.Usage()).values())),
    ),
    # how long and how much
    rule(r"deleted task(?: can be restored for| \|) (\d+) days", "api's RESTORABLE", lambda: RESTORABLE.days),
    rule(r"(?:remembered|kept) for (24) hours", "api's LIFETIME_SECONDS", lambda: LIFETIME_SECONDS // 3600),
    rule(r"idempotency records \| (\d+) hours", "api's LIFETIME_SECONDS", lambda: LIFETIME_SECONDS // 3600),
    rule(r"A key has up to (\d+) printable", "the longest key of docs/openapi.json", key_length),
    rule(r"results of queries \| (\d+) days", "the gold bucket's lifecycle", expires("Gold", "expire-athena-results")),
    rule(
        r"All results go there, are kept for (\w+) days",
        "the gold bucket's lifecycle",
        expires("Gold", "expire-athena-results"),
    ),
    rule(
        r"(?:messages in queues \||They are kept for) (\d+) days",
        "the queues' retention",
        the("AWS::SQS::Queue", "MessageRetentionPeriod", per=86_400),
    ),
    rule(
        r"(?:replayed for|wait below `[^`]+` for) (\d+) days",
        "the bronze bucket's lifecycle",
        expires("Bronze", "expire-errors"),
    ),
    outside(
        r"(?:recoverable for|recovery for|seconds? of the last) (35) days",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html",
    ),
    outside(
        r"executions \| Step Functions, for (90) days",
        "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    ),
    rule(r"more than (\d+) days after the end", "orchestration's REDRIVABLE_DAYS", lambda: REDRIVABLE_DAYS),
    rule(
        r"scan more than (\d+) GiB is cancelled \(staging: (\d+), dev: (\d+)\)",
        "athena_scan_limit_gib",
        setting("prod", "athena_scan_limit_gib"),
        setting("staging", "athena_scan_limit_gib"),
        setting("dev", "athena_scan_limit_gib"),
    ),
    rule(
        r"keeps answers for (\w+) minutes",
        "FRESH_SECONDS of the dashboard",
        lambda: constants("transforms/bi/dashboard/athena.py")["FRESH_SECONDS"] // 60,
    ),
    rule(
        r"active users \| metric `ActiveUsers`, of the last (\d+) days",
        "the model of the key figures",
        lambda: re.findall(
            r"changed in the last (\d+) days", text("transforms/dbt/models/marts/business_metrics_kpis.yml")
        )[0],
    ),
    rule(
        r"(\d+) days ahead", "FAKETIME of the Makefile", lambda: re.findall(r"FAKETIME=\+(\d+)d", text("Makefile"))[0]
    ),
    rule(
        r"looks every (\d+) ms",
        "tests.conftest.until",
        lambda: round(1000 * float(re.findall(r"every: float = ([\d.]+)", text("tests/conftest.py"))[0])),
    ),
    rule(r"Modules stay below (\d+) lines", "the longest module outside of tests", longest_module),
    rule(
        r"[Mm]ore than (\d+) (?:lines|records) and more than (\d+) %",
        "TOLERATED_REJECTS of transforms/silver/build.py and the pipeline's REJECT_THRESHOLD",
        lambda: constants("transforms/silver/build.py")["TOLERATED_REJECTS"],
        lambda: round(100 * constants("orchestration/window/plan.py")["REJECT_THRESHOLD"]),
    ),
    rule(r"at most (\d+) tasks, users or references", "error_if of gold's tests", error_if),
    rule(
        r"saved every (\w+) seconds while something is written",
        "the default of INSIGHTS_LOCAL_SAVE_SECONDS",
        lambda: int(re.findall(r'SAVE_SECONDS", "(\d+)"', text("infra/local/account/settings.py"))[0]),
    ),
    # functions and the pipeline
    rule(r"A request that takes (\d+) seconds", "the function's timeout", timeout("todo-api")),
    rule(r"\[function=todo-cdc\] A batch that takes (\d+) seconds", "the function's timeout", timeout("todo-cdc")),
    rule(r"\[function=todo-logs\] A batch that takes (\d+) seconds", "the function's timeout", timeout("todo-logs")),
    rule(r"A run that takes (\d+) seconds to plan", "the function's timeout", timeout("todo-resolve-window")),
    rule(
        r"Publishing that takes (\d+) minutes",
        "the function's timeout",
        lambda: timeout("todo-publish-insights")() // 60,
    ),
    rule(r"S3 deletes them after (\d+) days", "the bronze bucket's lifecycle", expires("Bronze", "expire-aws/lambda")),
    rule(
        r"stream records older than (\d+) hours",
        "the event source mapping of todo-cdc",
        lambda: max(record_ages()) // 3600,
    ),
    rule(
        r"records older than (\w+) hour\b",
        "the event source mapping of todo-webhooks-fan-out",
        lambda: min(record_ages()) // 3600,
    ),
    rule(
        r"could not start an execution within (\w+) hours of tries",
        "MaximumEventAgeInSeconds of the schedules",
        the("AWS::Scheduler::Schedule", "Target", "RetryPolicy", "MaximumEventAgeInSeconds", per=3600),
    ),
    rule(
        r"execution took longer than (\w+) hours",
        "TimeoutSeconds of the state machine",
        lambda: definition()["TimeoutSeconds"] // 3600,
    ),
    rule(
        r"still crawling (\d+) minutes after its start",
        "the Cause of the state machine",
        lambda: re.findall(r"after (\d+) minutes", text("orchestration/pipeline.asl.json"))[0],
    ),
    rule(r"how the crawl is going\. (\w+) tries", "the Retry of PollCrawl", lambda: tries("PollCrawl")),
    outside(
        r"(?:older than|before|at|records for|tries for|Older than) (24) hours",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html, and Firehose's retries: "
        "https://docs.aws.amazon.com/firehose/latest/dev/retry.html",
    ),
    outside(
        r"limit of (10)|may be (0) or (1)|may be (10); the API then throttles at (ten)|sends (50) mails",
        "what AWS gives to new accounts",
    ),
    rule(
        r"builds\* may be 0 or 1 \((\w+) are needed",
        "what `insights doctor` asks for",
        lambda: next(quota.need for quota in QUOTAS if quota.service == "codebuild"),
    ),
    rule(
        r"total reaches (\d+) USD in `prod` and `staging`, (\d+) USD in `dev`",
        "the budgets of the environments",
        lambda: budget("prod") if budget("prod") == budget("staging") else 0,
        lambda: budget("dev"),
    ),
    rule(
        r"\| (\d+) USD a month and [\d.]+ USD per [\d,]+ requests to KMS",
        "the cost model's price of a key",
        lambda: round(cost_model.PRICES["key"].dollars),
    ),
    outside(r"and ([\d.]+) USD per ([\d,]+) requests to KMS", "https://aws.amazon.com/kms/pricing/"),
    outside(r"([\d.]+) USD per ([\d,]+) events", "https://aws.amazon.com/cloudtrail/pricing/"),
    outside(r"([\d.]+) USD per ([\d,]+) mails", "https://aws.amazon.com/ses/pricing/"),
    outside(r"(\d+) USD per million traces", "https://aws.amazon.com/xray/pricing/"),
    outside(r"Cognito's own, (50) a day", "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"),
    outside(r"the API and of (five) services on moto", "TESTS of tests/second_opinion, by service"),
    outside(r"step crawl, in (two) different hours", "a crawl reads new folders only, so the second is what shows it"),
    outside(
        r"counts both every (six) hours",
        "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html",
    ),
    # alarms
    rule(
        r"([\d.]+) % of requests of 30 days are promised to get",
        SLO,
        lambda: round(100 * constants(ALARMS)["AVAILABILITY"], 3),
    ),
    rule(
        r"promised to succeed in ([\d.]+) % of the hours",
        "FRESHNESS of infra.stacks.alarms.service_levels",
        lambda: round(100 * constants(SERVICE_LEVELS)["FRESHNESS"], 3),
    ),
    rule(
        r"([\d.]+) % of the rows that are compared",
        "COMPLETENESS of infra.stacks.alarms.service_levels",
        lambda: round(100 * constants(SERVICE_LEVELS)["COMPLETENESS"], 3),
    ),
    outside(r"local secondary indexes to (10) GB", "DynamoDB's limit of an item collection"),
    rule(
        r"(\d+) % of requests of 30 days are promised to take at most (\d+) ms",
        SLO,
        lambda: round(100 * constants(ALARMS)["LATENCY"]),
        lambda: constants(ALARMS)["LATENCY_LIMIT_MS"],
    ),
    rule(r"percentile stays under (\d+) ms", SLO, lambda: constants(ALARMS)["LATENCY_LIMIT_MS"]),
    rule(
        r"One request in (twenty) takes longer|The (95)th percentile stays",
        "the percentile of todo-api-latency",
        lambda: 20,
        lambda: 95,
    ),
    outside(
        r"of requests of (30) days are promised|when (?:(2) %|(5) %) of the budget is spent in (?:an|(six)) hour",
        "https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts",
    ),
    rule(
        r"sign-ins are below (\d+) in five minutes",
        "the threshold of todo-users-sign-in-failures",
        threshold("todo-users-sign-in-failures"),
    ),
    rule(r"back in OK within (ten) minutes", "two periods of todo-api-4xx", lambda: 2 * period("todo-api-4xx") // 60),
    rule(
        r"alarm is in OK after (five) minutes",
        "the period of todo-api-authorizer",
        lambda: period("todo-api-authorizer") // 60,
    ),
    rule(
        r"below the threshold for (five) minutes",
        "the period of the functions' alarms",
        lambda: period("todo-api-duration") // 60,
    ),
    rule(
        r"under 500 ms for (five) minutes", "the period of todo-api-latency", lambda: period("todo-api-latency") // 60
    ),
    outside(
        r"(?:No throttles|No throttled records) for (five) minutes|below 50 in (five) minutes",
        "the period of an alarm or a few of them",
    ),
    outside(
        r"(?:[Aa]fter|longer than|When|after) (two|four|15|30) (?:minutes|hours|nights|weeks|executions)",
        "how long the team waits before it escalates",
    ),
    *PASSING,
    *WEBHOOKS,
)
