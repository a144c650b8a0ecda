"""IAM: which resource a request needs permission for, where the emulator asks about `*` or about the wrong one.

AWS: each action is checked against the resources that its service's authorization page names. A request about builds
is checked against their project, whose name a build's id begins with
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html); one about a query, against
the workgroup it ran in (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html).

MiniStack 1.5.33 looks for the project's or the workgroup's name in the request only, and asks about `*` when it is not
there, so that a policy that names the project or the workgroup refuses what it should allow.

Hook: `iam_actions.extract_resource_arn`, which is imported anew at each request and gives one resource: of several
builds or queries the first one decides.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.hooks import replace

Request = Mapping[str, Any]


def _first(request: Request, one: str, several: str) -> str | None:
    named = [request[one]] if one in request else request.get(several)
    return str(named[0]) if named else None


def project(request: Request) -> str | None:
    """The project of the first build that a request names, as the end of its ARN; None when it names none."""
    build = _first(request, "id", "ids")
    return f"project/{build.rpartition('build/')[2].partition(':')[0]}" if build else None


def workgroup(request: Request) -> str | None:
    """The workgroup of the first query that a request names, as the end of its ARN; None when there is none."""
    from ministack.services import athena

    query = _first(request, "QueryExecutionId", "QueryExecutionIds")
    execution = athena._executions.get(query) if query else None
    return f"workgroup/{execution['WorkGroup']}" if execution else None


RESOURCES: dict[str, Callable[[Request], str | None]] = {"athena": workgroup, "codebuild": project}


def apply() -> None:
    """Put the completion in place."""
    from ministack.core import iam_actions

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
        if service in RESOURCES:
            try:
                request = json.loads(body or b"{}")
            except ValueError:  # the service itself answers a malformed body
                request = {}
            if found := RESOURCES[service](request):
                return f"arn:aws:{service}:{region}:{account_id}:{found}"
        return str(original(service, method, path, headers, body, query_params, region, account_id))

    parameters = "service method path headers body query_params region account_id"
    original = replace(iam_actions, "extract_resource_arn", parameters, extract_resource_arn)
