"""Which project a request about builds needs permission for.

AWS: StopBuild, RetryBuild and BatchGetBuilds name builds, and are checked against the builds' projects, whose name a
build's id begins with
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html).
MiniStack checks them against `*`, so a policy that names the project fails.
Hook: `iam_actions.extract_resource_arn`, which is imported anew at each request and gives one resource: of several
builds the first one's project is asked for.
"""

import json
from typing import Any

from ministack.core import iam_actions

from infra.local.hooks import replace


def project(request: dict[str, Any]) -> str | None:
    """The project of the first build that a request names; None when it names none."""
    named = [request["id"]] if "id" in request else request.get("ids")
    return str(named[0]).rpartition("build/")[2].partition(":")[0] if named else None


def apply() -> None:
    """Put the check in place."""

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
        if service == "codebuild":
            try:
                name = project(json.loads(body or b"{}"))
            except ValueError:  # the service itself answers a malformed body
                name = None
            if name:
                return f"arn:aws:codebuild:{region}:{account_id}:project/{name}"
        return str(original(service, method, path, headers, body, query_params, region, account_id))

    parameters = "service method path headers body query_params region account_id"
    original = replace(iam_actions, "extract_resource_arn", parameters, extract_resource_arn)
