"""Condition keys that policies here use and the emulator leaves out or answers as nobody needs it.

AWS: `aws:SecureTransport` is true when the request came over TLS; bucket, topic and queue policies deny what did not
(CDK's `enforce_ssl`). `cloudwatch:namespace` is the namespace that PutMetricData names; as the action takes no
resource, it is all that can narrow the permission.
`s3:prefix` is the prefix that a listing of a bucket asks for, empty when it asks for none.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html

MiniStack 1.5.33 evaluates the former by the scheme. The local account speaks plain HTTP on the loopback interface, so
every such policy would refuse everything, the emulator's own deliveries included; what never leaves this machine counts
as sent over a secure transport. The others are absent, so that a policy that asks for one never allows.

Hooks: `pin_request_origin` as app.py calls it for every request; the default of `iam_evaluator._request_origin`, which
work outside a request sees; `iam_actions.request_tag_context`, whose answer becomes a request's condition keys.
"""

import contextvars
import ipaddress
import json
from typing import Any

from infra.local.account.hooks import replace


def is_loopback(address: str) -> bool:
    """Whether `address` is an IP address of the loopback interface."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def metric_namespace(body: bytes, parameters: dict[str, Any]) -> str | None:
    """The namespace that a PutMetricData request names, in the form or JSON protocol; None when it names none."""
    if "Namespace" in parameters:
        return _only(parameters["Namespace"])
    try:
        request = json.loads(body)
    except ValueError:
        return None
    return request.get("Namespace") if isinstance(request, dict) else None


def _only(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed where it collects condition keys.
    """
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        original_origin(source_ip, secure_transport or is_loopback(source_ip))

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = original_context(service, iam_action, body, params)
        if iam_action == "cloudwatch:PutMetricData":
            return {**found, "cloudwatch:namespace": metric_namespace(body, params)}
        if iam_action == "s3:ListBucket":
            return {**found, "s3:prefix": _only(params.get("prefix", ""))}
        return found

    original_origin = replace(app, "pin_request_origin", "source_ip secure_transport", pin_request_origin)
    original_context = replace(iam_actions, "request_tag_context", "service iam_action body params", context)
    iam_evaluator._request_origin = contextvars.ContextVar("request_origin", default=("127.0.0.1", True))
