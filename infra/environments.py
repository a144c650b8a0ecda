"""What differs between local, dev, staging and prod: typed settings, validated before anything is synthesized.

`-c environment=prod` chooses one. What only the owner of an account can know comes as further context values:

| context value | meaning |
|---|---|
| `alert-email` | address that alarms and budgets notify; required for prod |
| `chat-workspace`, `chat-channel` | Slack workspace and channel ids for Amazon Q Developer in chat applications |
| `owner`, `cost-center` | tags |
| `runbooks` | URL of docs/runbooks, put into every alarm |
| `cors-origins` | comma-separated origins that browsers may call the API from; required for prod |
| `tracing` | `on` turns X-Ray tracing on |
| `customer-key` | `on` encrypts buckets and table with a KMS key of this account instead of AWS's own |
| `mfa` | `optional` lets users add an authenticator app as a second factor |
| `ses-from` | address in a domain that SES has verified in the Region, from which Cognito sends its mails |

One Region of an account holds one environment, because names are fixed; several environments share an account by
living in different Regions (ADR 0090).
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal, get_args

from infra.bundling import TARGETS, Target

Name = Literal["local", "dev", "staging", "prod"]
NAMES: tuple[Name, ...] = get_args(Name)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ORIGIN = re.compile(r"https?://[^/\s*]+")
# a second factor that is required would lock out clients of the original API, which sign in with a password alone
MFA = ("off", "optional")
HOURLY = "cron(5 * * * ? *)"
SWITCHES = {"tracing", "customer_key"}
# the values that CloudWatch Logs takes:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)


class SettingsError(ValueError):
    """The context names no environment, or a value that the environment does not allow."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budgets:
    """Monthly limits in US dollars; each notifies at 80 % spent and at 100 % forecast."""

    dynamodb: int = 50
    lambda_: int = 20
    s3: int = 100
    total: int = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Environment:
    """The settings of one environment.

    Args:
        name: which environment it is; also the tag `Environment`.
        target: which machine the functions' dependencies are built for.
        log_retention_days: of every log group, one of `LOG_RETENTION_DAYS`.
        protect_data: table and user pool refuse deletion, and `insights destroy` never deletes data.
        bronze_to_infrequent_access_days: age at which change events move to S3 Standard-IA.
        bronze_to_glacier_days: age at which they move to S3 Glacier Instant Retrieval.
        old_versions_days: how long overwritten and deleted objects of bronze and silver can be recovered.
        throttle_rate: requests per second that the API accepts.
        throttle_burst: requests at once that the API accepts.
        max_tasks_per_user: live tasks that one user may have.
        requests_per_minute_per_user: requests that the API accepts of one user in a minute.
        max_gigabytes_per_user: size of one user's tasks in the table and its indexes, less than DynamoDB's 10 GB.
        private_webhook_targets: whether webhooks may lead to plain HTTP and to private addresses; local only.
        firehose_seconds: longest time that a record waits in a delivery stream, 60 to 900.
        pipeline_schedule: EventBridge Scheduler expression, in UTC.
        crawl_hours: least hours between two crawls of bronze, each billed for ten minutes; 0 crawls with each
            new folder.
        athena_scan_limit_gib: bytes at which Athena cancels a query of the people's workgroup.
        dbt_scan_limit_gib: the same for dbt's workgroup; a full refresh reads all of silver once.
        freshness_hours: how long gold may go without a successful execution before somebody is paged.
        service_levels: whether freshness of gold has an error budget that alarms watch; it is for an hourly schedule.
        glue_flex: run maintenance, which nobody waits for, on spare capacity at 34 % off.
        budgets: monthly cost limits, or None for no budgets.
        alert_email: who is notified; empty for nobody.
        chat_workspace: Slack workspace id, or empty.
        chat_channel: Slack channel id, or empty.
        owner: tag `Owner`.
        cost_center: tag `CostCenter`.
        runbooks: URL or folder of the runbooks.
        cors_origins: origins that browsers may call the API from.
        tracing: whether functions and the state machine send traces to X-Ray.
        customer_key: whether buckets and table are encrypted with a KMS key of this account.
        mfa: whether users may have a second factor.
        ses_from: address that Cognito's mails come from by SES; empty for Cognito's own, which sends 50 a day.

    Raises:
        SettingsError: a value is out of its bounds, or the environment needs one that is missing.
    """

    name: Name
    target: Target
    log_retention_days: int = 30
    protect_data: bool = False
    bronze_to_infrequent_access_days: int = 90
    bronze_to_glacier_days: int = 365
    old_versions_days: int = 30
    throttle_rate: int = 500
    throttle_burst: int = 1000
    max_tasks_per_user: int = 10_000
    max_gigabytes_per_user: int = 8
    private_webhook_targets: bool = False
    requests_per_minute_per_user: int = 600
    firehose_seconds: int = 60
    pipeline_schedule: str = HOURLY
    crawl_hours: int = 0
    athena_scan_limit_gib: int = 100
    dbt_scan_limit_gib: int = 100
    freshness_hours: int = 3
    service_levels: bool = True
    glue_flex: bool = True
    budgets: Budgets | None = dataclasses.field(default_factory=Budgets)
    alert_email: str = ""
    chat_workspace: str = ""
    chat_channel: str = ""
    owner: str = "todo-team"
    cost_center: str = "todo"
    runbooks: str = "docs/runbooks/"
    cors_origins: tuple[str, ...] = ("*",)
    tracing: bool = False
    customer_key: bool = False
    mfa: str = "off"
    ses_from: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that would deploy and then not do what they say."""
        for problem in self._problems():
            raise SettingsError(f"environment {self.name}: {problem}")

    def _problems(self) -> list[str]:
        checks = {
            f"-c alert-email={self.alert_email} is not an e-mail address": bool(self.alert_email)
            and not EMAIL.fullmatch(self.alert_email),
            "-c alert-email=ADDRESS is required, so that alarms reach somebody": self.name == "prod"
            and not self.alert_email,
            "-c cors-origins=https://… is required; `*` is refused": self.name == "prod"
            and (not self.cors_origins or "*" in self.cors_origins),
            f"-c cors-origins={','.join(self.cors_origins)} are not origins such as https://app.example.com": any(
                origin != "*" and not ORIGIN.fullmatch(origin) for origin in self.cors_origins
            ),
            f"-c ses-from={self.ses_from} is not an e-mail address": bool(self.ses_from)
            and not EMAIL.fullmatch(self.ses_from),
            f"-c mfa={self.mfa} is none of {', '.join(MFA)}": self.mfa not in MFA,
            "-c chat-workspace=… and -c chat-channel=… go together": bool(self.chat_workspace)
            != bool(self.chat_channel),
            f"log_retention_days={self.log_retention_days} is none of {LOG_RETENTION_DAYS}": self.log_retention_days
            not in LOG_RETENTION_DAYS,
            "firehose_seconds is between 60 and 900": not 60 <= self.firehose_seconds <= 900,
            "bronze moves to Glacier at least 30 days after Standard-IA": self.bronze_to_glacier_days
            < self.bronze_to_infrequent_access_days + 30,
            "throttle_burst is at least throttle_rate, and that at least 1": not 1
            <= self.throttle_rate
            <= self.throttle_burst,
            "max_tasks_per_user is at least 1": self.max_tasks_per_user < 1,
            "requests_per_minute_per_user is at least 1": self.requests_per_minute_per_user < 1,
            "max_gigabytes_per_user is between 1 and 9": not 1 <= self.max_gigabytes_per_user <= 9,
            "webhooks lead to public addresses": self.private_webhook_targets and self.name != "local",
            "crawl_hours is between 0 and 168": not 0 <= self.crawl_hours <= 168,
            "Athena's scan limits are at least 1 GiB": min(self.athena_scan_limit_gib, self.dbt_scan_limit_gib) < 1,
            # CloudWatch looks back a week at most with a period of an hour
            "freshness_hours is between 1 and 168": not 1 <= self.freshness_hours <= 168,
            "service_levels need an hourly pipeline_schedule": self.service_levels and self.pipeline_schedule != HOURLY,
            "prod protects its data": self.name == "prod" and not self.protect_data,
        }
        return [problem for problem, wrong in checks.items() if wrong]


SETTINGS: dict[Name, dict[str, object]] = {
    # a laptop: no bill, and nothing that only an owner of an account could decide
    "local": {
        "budgets": None,
        "freshness_hours": 26,
        # a laptop sleeps
        "service_levels": False,
        "private_webhook_targets": True,
        "requests_per_minute_per_user": 6000,
    },
    "dev": {
        "log_retention_days": 7,
        "old_versions_days": 7,
        "throttle_rate": 50,
        "throttle_burst": 100,
        "firehose_seconds": 300,
        "pipeline_schedule": "cron(5 6-18/6 * * ? *)",
        "crawl_hours": 24,
        "athena_scan_limit_gib": 10,
        "freshness_hours": 26,
        "service_levels": False,
        "budgets": Budgets(dynamodb=10, lambda_=5, s3=10, total=60),
    },
    "staging": {"log_retention_days": 14, "throttle_rate": 100, "throttle_burst": 200, "athena_scan_limit_gib": 50},
    "prod": {"protect_data": True, "log_retention_days": 90},
}
# what the owner of an account would say, for templates that are only looked at: `insights synth`, tests, baselines
EXAMPLE: dict[Name, dict[str, str]] = {
    "local": {},
    "dev": {},
    "staging": {"alert-email": "staging-alerts@example.com"},
    "prod": {"alert-email": "alerts@example.com", "cors-origins": "https://app.example.com"},
}
# context value -> the setting that it fills
CONTEXT = {
    "alert-email": "alert_email",
    "chat-workspace": "chat_workspace",
    "chat-channel": "chat_channel",
    "owner": "owner",
    "cost-center": "cost_center",
    "runbooks": "runbooks",
    "cors-origins": "cors_origins",
    "tracing": "tracing",
    "customer-key": "customer_key",
    "mfa": "mfa",
    "ses-from": "ses_from",
}


def from_context(context: Mapping[str, str | None]) -> Environment:
    """The environment that CDK context values describe.

    Args:
        context: `target` and, for an AWS account, `environment`; then any key of `CONTEXT`.

    Raises:
        SettingsError: the context names none, or a value is not allowed.
    """
    target = context.get("target")
    if target not in TARGETS:
        given = f"not {target!r}" if target else "and none was given"
        raise SettingsError(f"name where the functions will run: -c target={'|'.join(TARGETS)}, {given}")
    name = context.get("environment") or ("local" if target == "local" else None)
    allowed = NAMES if target == "local" else NAMES[1:]
    if name not in allowed:
        given = f"not {name!r}" if name else "and none was given"
        raise SettingsError(f"name the environment: -c environment={'|'.join(allowed)}, {given}")
    given_settings: dict[str, object] = {
        setting: context[key] for key, setting in CONTEXT.items() if context.get(key) is not None
    }
    if "cors_origins" in given_settings:
        given_settings["cors_origins"] = tuple(filter(None, str(given_settings["cors_origins"]).split(",")))
    for switch in SWITCHES & set(given_settings):
        given_settings[switch] = given_settings[switch] in ("on", "true", True)
    chosen = next(known for known in NAMES if known == name)
    settings: dict[str, object] = {**SETTINGS[chosen], **given_settings}
    return Environment(name=chosen, target=_target(target), **settings)  # type: ignore[arg-type]


def example(name: Name) -> Environment:
    """An environment as its example values make it.

    Args:
        name: of the environment.
    """
    return from_context({**EXAMPLE[name], "environment": name, "target": "local" if name == "local" else "aws"})


def _target(value: str) -> Target:
    return next(target for target in TARGETS if target == value)
