"""API Gateway: an HTTP API invokes a function only when the function's policy lets it.

AWS: without a statement for apigateway.amazonaws.com and the route's ARN (AWS::Lambda::Permission) in the function's
resource policy, or a role in the integration's credentials, the client gets 500 and the function is not invoked.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

MiniStack 1.5.33 invokes it without asking, so that the missing permission is found in production. Its JWT authorizer
needs no completion: it verifies Cognito's tokens, ID and access, as AWS does.

Hook: `_invoke_lambda_proxy`.
"""

import json
import logging
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway, lambda_svc

from infra.local.hooks import hook, replace

logger = logging.getLogger(__name__)
PRINCIPAL = "apigateway.amazonaws.com"
Answer = tuple[int, dict[str, str], bytes]


def _may_invoke(integration: dict[str, Any], source_arn: str) -> bool:
    reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    function, config, _ = lambda_svc._get_func_record_for_ref(reference)
    if not function or integration.get("credentialsArn"):
        return True  # the emulator says that there is no such function; a role's permissions are not a policy's
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=config["FunctionArn"],
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
    decision = iam_evaluator.evaluate_resource_policy(function["policy"], context, service=PRINCIPAL).decision
    return bool(decision == "Allow")


def apply() -> None:
    """Put the completion in place."""

    async def invoke(
        integration: dict[str, Any],
        api_id: str,
        stage: str,
        path: str,
        method: str,
        headers: Any,
        body: Any,
        query_params: Any,
        route_key: str = "$default",
        *rest: Any,
        **named: Any,
    ) -> Answer:
        route = route_key if route_key == "$default" else f"{method}{route_key.partition(' ')[2]}"
        source = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{api_id}/{stage}/{route}"
        if not _may_invoke(integration, source):
            logger.error("%s may not be invoked for %s: its policy does not let %s", integration, source, PRINCIPAL)
            return 500, {"Content-Type": "application/json"}, json.dumps({"message": "Internal Server Error"}).encode()
        answer: Answer = await original(
            integration, api_id, stage, path, method, headers, body, query_params, route_key, *rest, **named
        )
        return answer

    hook(apigateway, "_extract_lambda_ref_from_integration_uri", "uri")
    hook(iam_evaluator, "evaluate_resource_policy", "doc ctx service named_only direct_only")
    original = replace(
        apigateway,
        "_invoke_lambda_proxy",
        "integration api_id stage path method headers body query_params route_key path_params authorizer_claims"
        " authorizer_scopes authorizer_lambda_context authorizer_iam owner_account_id owner_region raw_query_string",
        invoke,
    )
