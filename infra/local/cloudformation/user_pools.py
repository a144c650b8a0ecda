"""AWS::Cognito::UserPool: the attribute ProviderURL, which is the issuer of the pool's tokens; a protected pool stays.

The emulator's provisioner takes a pool out of the service's records without calling DeleteUserPool.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html#return-values
"""

from typing import Any

from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import replace
from infra.local.cloudformation.handlers import Properties, RefusedError, handlers_of
from infra.local.cognito import PROTECTED, is_protected


def apply() -> None:
    """Put the completion in place."""

    def attributes(pid: str) -> dict[str, Any]:
        found = original(pid)
        return {**found, "ProviderURL": f"https://{found['ProviderName']}"}

    original = replace(provisioners, "_cognito_user_pool_attributes", "pid", attributes)

    handlers = handlers_of("AWS::Cognito::UserPool")
    original_delete = handlers["delete"]

    def delete(physical_id: str, properties: Properties) -> None:
        if is_protected(physical_id):
            raise RefusedError(f"AWS::Cognito::UserPool: {PROTECTED}")
        original_delete(physical_id, properties)

    handlers["delete"] = delete
