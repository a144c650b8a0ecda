"""AWS::Lambda::Function: a template does not take over a function that is there already.

Without it, a stack that creates a function under the name of one that it does not own replaces the function's code, and
deletes it later. AWS refuses with AlreadyExists, as it does for every resource with a name of its own.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-troubleshoot.html
"""

from ministack.services import lambda_svc

from infra.local.account.hooks import HookChangedError
from infra.local.cloudformation.handlers import Created, Properties, RefusedError, handlers_of


def apply() -> None:
    """Put the completion in place."""
    handlers = handlers_of("AWS::Lambda::Function")
    original = handlers["create"]
    if not hasattr(lambda_svc, "_functions"):
        raise HookChangedError("the emulator keeps its functions elsewhere now: this completion needs another place")

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        name = properties.get("FunctionName")
        if name in lambda_svc._functions:
            # as Lambda's handler words it
            raise RefusedError(
                f'Resource handler returned message: "Function already exist: {name} (Service: Lambda, '
                'Status Code: 409)" (HandlerErrorCode: AlreadyExists)'
            )
        created: Created = original(logical_id, properties, stack)
        return created

    handlers["create"] = create
