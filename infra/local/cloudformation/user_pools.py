"""AWS::Cognito::UserPool: the attribute ProviderURL, which is the issuer of the pool's tokens.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html#return-values
"""

from typing import Any

from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import replace


def apply() -> None:
    """Put the completion in place."""

    def attributes(pid: str) -> dict[str, Any]:
        found = original(pid)
        return {**found, "ProviderURL": f"https://{found['ProviderName']}"}

    original = replace(provisioners, "_cognito_user_pool_attributes", "pid", attributes)
