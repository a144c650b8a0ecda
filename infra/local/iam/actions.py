"""Which action a request needs permission for, where it is not the operation's own name.

AWS: SQS has no permissions for its batch operations. `SendMessageBatch` needs `sqs:SendMessage`, and so on; a policy
that names `sqs:SendMessageBatch` allows nothing.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html

MiniStack 1.5.33 asks for an action of the operation's name, so that a correct policy fails and a useless one passes.

Hook: `iam_actions.extract_iam_action`, which is imported anew at each request.
"""

from typing import Any

from infra.local.account.hooks import replace

BATCHES = {f"sqs:{one}Batch": f"sqs:{one}" for one in ("ChangeMessageVisibility", "DeleteMessage", "SendMessage")}


def apply() -> None:
    """Put the completion in place.

    Raises:
        HookChangedError: the emulator finds a request's action otherwise.
    """
    from ministack.core import iam_actions

    def extract_iam_action(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> str | None:
        action: str | None = original(service, method, path, headers, body, query_params)
        return BATCHES.get(action, action) if action else None

    parameters = "service method path headers body query_params"
    original = replace(iam_actions, "extract_iam_action", parameters, extract_iam_action)
