"""Which resources a request needs permission for, where the emulator asks about `*` or about the wrong one.

AWS: a request about builds is checked against their project, whose name a build's id begins with
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html); one about a query, against
the workgroup it ran in (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html). The
Glue catalog is a tree, and a request needs its action allowed on the resource and on everything above it: a table, its
database, the catalog (https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html). Crawlers, jobs
and the like have ARNs of their own.

The end of a task that waits for its callback is checked against the task's state machine
(https://docs.aws.amazon.com/step-functions/latest/dg/concept-create-iam-advanced.html).

To delete several objects at once needs, for each, permission on the object, or on its versions where one is named
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).

MiniStack 1.5.33 looks for the project's or the workgroup's name in the request only, and asks about `*` when it is not
there, as it does for the end of a task. It checks a table request against the database only, and a crawler or database
request, which gives its name as `Name`, against a table of that name. Of several objects to delete it takes the first
for an object whether or not a version is named.

Hooks: `iam_actions.extract_resource_arn`, which gives one resource (of several builds or queries the first one
decides), and `iam_evaluator.enforce`, for those above it and for versions; both are imported anew at each request.
`iam_actions._s3_batch_delete_targets` is asked.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.account.hooks import hook, replace
from infra.local.iam import leading_keys

Request = Mapping[str, Any]
NAMED = re.compile("(Crawler|Job|Trigger|Workflow|Connection)(?!s$)")


def _first(request: Request, one: str, several: str) -> str | None:
    named = [request[one]] if one in request else request.get(several)
    return str(named[0]) if named else None


def of_codebuild(_: str, request: Request) -> str | None:
    """The project of the first build that a request names, as the end of its ARN; None when it names none."""
    build = _first(request, "id", "ids")
    return f"project/{build.rpartition('build/')[2].partition(':')[0]}" if build else None


def of_athena(_: str, request: Request) -> str | None:
    """The workgroup of the first query, run or saved, that a request names, as the end of its ARN; None without one."""
    from ministack.services import athena

    query = _first(request, "QueryExecutionId", "QueryExecutionIds")
    named = _first(request, "NamedQueryId", "NamedQueryIds")
    found = athena._executions.get(query) if query else athena._named_queries.get(named) if named else None
    return f"workgroup/{found['WorkGroup']}" if found else None


def of_glue(action: str, request: Request) -> str:
    """The most specific resource of a request, as the end of its ARN.

    Args:
        action: such as `GetTable`.
        request: its JSON body.
    """
    if kind := NAMED.search(action):
        name = request.get(f"{kind.group(1)}Name") or request.get("Name")
        return f"{kind.group(1).lower()}/{name}" if name else "catalog"
    database = request.get("DatabaseName")
    if "Database" in action and not database:
        name = request.get("Name")
        return f"database/{name}" if name else "catalog"
    if not database:
        return "catalog"
    table = request.get("TableName") or request.get("TableInput", {}).get("Name") or request.get("Name")
    return f"table/{database}/{table}" if table else f"database/{database}"


def of_states(_: str, request: Request) -> str | None:
    """The state machine whose task a request ends, as the end of its ARN; None when it ends none."""
    from infra.local.stepfunctions import tasks

    machine = tasks.MACHINES.get(str(request.get("taskToken")))
    return machine.split(":", 5)[-1] if machine else None


class VersionArn(str):
    """The ARN of an object of which the request names a version."""


def of_deletion(body: bytes, arn: str) -> str:
    """The resource that stands for a request to delete several objects: the first of them.

    Args:
        body: the request's.
        arn: the first object's.
    """
    from ministack.core import iam_actions

    targets = iam_actions._s3_batch_delete_targets("", body)
    return VersionArn(arn) if targets and targets[0][1] else arn


RESOURCES: dict[str, Callable[[str, Request], str | None]] = {
    "athena": of_athena,
    "codebuild": of_codebuild,
    "glue": of_glue,
    "states": of_states,
}


def with_parents(arn: str) -> list[str]:
    """The ARN of a Glue resource, and those above it in the catalog's tree."""
    prefix, _, path = arn.partition(":database/") if ":database/" in arn else arn.partition(":table/")
    parts = path.split("/")
    if not path:
        return [arn]
    database = [] if ":database/" in arn else [f"{prefix}:database/{parts[0]}"]
    return [arn, *database, f"{prefix}:catalog"]


def apply() -> None:
    """Put the completion in place."""
    from ministack.core import iam_actions, iam_evaluator

    hook(iam_actions, "_s3_batch_delete_targets", "bucket body")

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if service in RESOURCES and action:
            try:
                request = json.loads(body or b"{}")
            except ValueError:  # the service itself answers a malformed body
                request = {}
            if "ResourceArn" in request:
                return str(request["ResourceArn"])
            if found := RESOURCES[service](action, request):
                return f"arn:aws:{service}:{region}:{account_id}:{found}"
        arn = str(original_arn(service, method, path, headers, body, query_params, region, account_id))
        return of_deletion(body, arn) if service == "s3" and method == "POST" and "delete" in query_params else arn

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        if isinstance(resource_arn, leading_keys.ItemArn):
            service_context = {**(service_context or {}), leading_keys.KEY: resource_arn.keys}
        if isinstance(resource_arn, VersionArn) and iam_action == "s3:DeleteObject":
            iam_action = "s3:DeleteObjectVersion"
        denied = None
        for arn in with_parents(resource_arn) if service == "glue" else [resource_arn]:
            denied = denied or original_enforce(access_key_id, iam_action, service, region, arn, service_context)
        return denied

    parameters = "service method path headers body query_params region account_id"
    original_arn = replace(iam_actions, "extract_resource_arn", parameters, extract_resource_arn)
    parameters = "access_key_id iam_action service region resource_arn service_context"
    original_enforce = replace(iam_evaluator, "enforce", parameters, enforce)
