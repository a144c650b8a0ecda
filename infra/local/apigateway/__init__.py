"""API Gateway: an HTTP API invokes a function only when the function's policy lets it, and says why it wants a token.

AWS: without a statement for apigateway.amazonaws.com and the route's ARN (AWS::Lambda::Permission) in the function's
resource policy, or a role in the integration's credentials, the client gets 500 and the function is not invoked. An
alias or version has statements of its own; those of the function as such do not open it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

A refusal of the JWT authorizer has a challenge in `www-authenticate`: bare when there was no token, with
`error="invalid_token"` and a description, whose words AWS does not promise, when there was a bad one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html

MiniStack 1.5.33 invokes the function without asking, so that the missing permission is found in production, and refuses
without a challenge. Its JWT authorizer verifies Cognito's tokens, ID and access, as AWS does.

Hooks: `_invoke_lambda_proxy`, `_validate_jwt_authorizer`; `metrics` hooks `handle_execute`.
"""

import json
import logging
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway, lambda_svc

from infra.local.account.hooks import hook, replace
from infra.local.apigateway import metrics

logger = logging.getLogger(__name__)
PRINCIPAL = "apigateway.amazonaws.com"
Answer = tuple[int, dict[str, str], bytes]
Validated = tuple[dict[str, Any] | None, list[str] | None, Answer | None]


def _may_invoke(integration: dict[str, Any], source_arn: str) -> bool:
    reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    function, config, _ = lambda_svc._get_base_func_record_for_ref(reference)
    if not function or config is None or integration.get("credentialsArn"):
        return True  # the emulator says that there is no such function; a role's permissions are not a policy's
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=reference if reference.startswith("arn:") else config["FunctionArn"],
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
    decision = iam_evaluator.evaluate_resource_policy(function["policy"], context, service=PRINCIPAL).decision
    return bool(decision == "Allow")


def apply() -> None:
    """Put the completion in place."""
    _guard_invocations()
    _challenge()
    metrics.apply()


def add_challenge(
    refusal: Answer, authorizer: dict[str, Any], headers: dict[str, str], query_params: dict[str, Any]
) -> Answer:
    """A refusal of the JWT authorizer with the challenge that AWS gives; any but a 401 as it is."""
    status, answered, body = refusal
    if status != 401:
        return refusal
    token = apigateway._extract_token_from_identity_source(authorizer.get("identitySource", []), headers, query_params)
    challenge = 'Bearer scope="" error="invalid_token"' if token else "Bearer"
    return status, {**answered, "WWW-Authenticate": challenge}, body


def _challenge() -> None:
    async def validate(
        route: dict[str, Any], authorizer: dict[str, Any], headers: dict[str, str], query_params: dict[str, Any]
    ) -> Validated:
        claims, scopes, refusal = await original(route, authorizer, headers, query_params)
        return claims, scopes, refusal and add_challenge(refusal, authorizer, headers, query_params)

    hook(apigateway, "_extract_token_from_identity_source", "identity_source headers query_params")
    original = replace(apigateway, "_validate_jwt_authorizer", "route authorizer headers query_params", validate)


def _guard_invocations() -> None:

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
    hook(lambda_svc, "_get_base_func_record_for_ref", "function_ref")
    hook(iam_evaluator, "evaluate_resource_policy", "doc ctx service named_only direct_only")
    original = replace(
        apigateway,
        "_invoke_lambda_proxy",
        "integration api_id stage path method headers body query_params route_key path_params authorizer_claims"
        " authorizer_scopes authorizer_lambda_context authorizer_iam owner_account_id owner_region raw_query_string",
        invoke,
    )
