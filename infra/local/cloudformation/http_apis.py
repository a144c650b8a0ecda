"""AWS::ApiGatewayV2::Api and ::Stage: an address that can be called here; CORS and throttling under the right names.

AWS gives an HTTP API a host name of its own. Names below `execute-api` do not resolve on a laptop unless its DNS is set
up, so `ApiEndpoint` is the form that the emulator serves on its own address, stage included. The emulator hands CORS
and route settings on under the template's upper-case names, which its API Gateway does not read.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html#return-values
"""

from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from infra.local.account.credentials import settings
from infra.local.account.hooks import replace
from infra.local.cloudformation.handlers import Created, Properties, handlers_of, lower_first


def endpoint(api_id: str) -> str:
    """The base URL of an HTTP API's `$default` stage in this account."""
    return f"{settings().endpoint}/_aws/execute-api/{api_id}/$default"


def _complete(properties: Properties) -> Properties:
    cors = properties.get("CorsConfiguration")
    return {**properties, "CorsConfiguration": lower_first(cors)} if cors else properties


def _addressed(created: Created) -> Created:
    api_id, attributes = created
    api = apigateway._apis[api_id]
    if api["protocolType"] == "HTTP":
        api["apiEndpoint"] = endpoint(api_id)
    return api_id, {**attributes, "ApiEndpoint": api["apiEndpoint"]}


def apply() -> None:
    """Put the completion in place."""
    handlers = handlers_of("AWS::ApiGatewayV2::Api")
    original_create, original_update = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        return _addressed(original_create(logical_id, _complete(properties), stack))

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:
        return _addressed(original_update(physical_id, _complete(old), _complete(new), *rest))

    def stage(props: Properties) -> dict[str, Any]:
        found = original_stage(props)
        routes = {key: lower_first(value) for key, value in (found["routeSettings"] or {}).items()}
        return {
            **found,
            "defaultRouteSettings": lower_first(found["defaultRouteSettings"] or {}),
            "routeSettings": routes,
        }

    handlers.update(create=create, update=update)
    original_stage = replace(provisioners, "_apigw_v2_stage_props", "props", stage)
