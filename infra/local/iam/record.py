"""Which permissions of which role are used: what IAM allowed, kept in the file `permissions.jsonl` of the account.

AWS: IAM Access Analyzer makes such a list from CloudTrail's events, to find what a role was given and never uses.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html

MiniStack 1.5.33 keeps none.

Hook: `iam_evaluator.evaluate`, which every check of a role's policies goes through, also the completions' own.
"""

import json
import pathlib
import re
from typing import Any

from infra.local.account.hooks import replace

FILE = "permissions.jsonl"
ROLE = re.compile(r":assumed-role/([^/]+)/")
# of an object's key two folders are enough to know which part of a bucket it is in; of a log group its name
OBJECT = re.compile(r"(arn:aws:s3:::[^/]+/(?:[^/]+/){1,2}).+")
STREAM = re.compile(r"(:log-group:[^:]+:).+")
MAX_RESOURCES = 50
"""Of each action of a role so many resources are kept: executions and objects have new names each time."""


def shorten(resource_arn: str) -> str:
    """The ARN without what is new each time, so that the file stays small."""
    return STREAM.sub(r"\1…", OBJECT.sub(r"\1…", resource_arn))


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed how it evaluates policies.
    """
    from ministack.core import iam_evaluator

    from infra.local.account.credentials import settings

    seen: dict[tuple[str, str], set[str]] = {}

    def evaluate(ctx: Any, policies: Any, *limits: Any) -> Any:
        result = original(ctx, policies, *limits)
        role = ROLE.search(ctx.principal_arn or "")
        if role and result.decision == "Allow":
            resources = seen.setdefault((role[1], ctx.action), set())
            resource = shorten(ctx.resource_arn)
            if resource not in resources and len(resources) < MAX_RESOURCES:
                resources.add(resource)
                _append(settings().home / FILE, [role[1], ctx.action, resource])
        return result

    original = replace(iam_evaluator, "evaluate", "ctx policies limits", evaluate)


def _append(path: pathlib.Path, entry: list[str]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def read(home: pathlib.Path) -> set[tuple[str, str, str]]:
    """Role, action and resource of all that the account whose folder is `home` has allowed so far."""
    path = home / FILE
    lines = path.read_text().splitlines() if path.exists() else []
    return {tuple(json.loads(line)) for line in lines}
