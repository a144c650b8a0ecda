"""Which resources a Glue request needs permission for.

AWS: the catalog is a tree, and a request needs its action allowed on the resource and on everything above it: a table,
its database, the catalog (https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html). Crawlers,
jobs and the like have ARNs of their own.
MiniStack checks a table request against the database only, and a crawler or database request, which gives its name as
`Name`, against a table of that name; so a correct policy fails and a wrong one may pass.
Hooks: `iam_actions.extract_resource_arn`, `iam_evaluator.enforce`; both are imported anew at each request.
"""

import json
import re
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from infra.local.hooks import replace

NAMED = re.compile("(Crawler|Job|Trigger|Workflow|Connection)(?!s$)")


def resource(action: str, request: dict[str, Any]) -> str:
    """The most specific resource of a request, as the last part of its ARN.

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


def with_parents(arn: str) -> list[str]:
    """The ARN, and those above it in the catalog's tree."""
    prefix, _, path = arn.partition(":database/") if ":database/" in arn else arn.partition(":table/")
    parts = path.split("/")
    if not path:
        return [arn]
    database = [] if ":database/" in arn else [f"{prefix}:database/{parts[0]}"]
    return [arn, *database, f"{prefix}:catalog"]


def apply() -> None:
    """Put the checks in place."""

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
        target = headers.get("x-amz-target", "")
        if service != "glue" or not target:
            return str(original_arn(service, method, path, headers, body, query_params, region, account_id))
        try:
            request = json.loads(body or b"{}")
        except ValueError:  # the service itself answers a malformed body
            request = {}
        if "ResourceArn" in request:
            return str(request["ResourceArn"])
        return f"arn:aws:glue:{region}:{account_id}:{resource(target.rpartition('.')[2], request)}"

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        denied = None
        for arn in with_parents(resource_arn) if service == "glue" else [resource_arn]:
            denied = denied or original_enforce(access_key_id, iam_action, service, region, arn, service_context)
        return denied

    parameters = "service method path headers body query_params region account_id"
    original_arn = replace(iam_actions, "extract_resource_arn", parameters, extract_resource_arn)
    parameters = "access_key_id iam_action service region resource_arn service_context"
    original_enforce = replace(iam_evaluator, "enforce", parameters, enforce)
