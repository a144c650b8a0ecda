"""IAM: a request that never leaves this machine counts as sent over a secure transport.

AWS: `aws:SecureTransport` is true when the request came over TLS; bucket, topic and queue policies deny what did not
(CDK's `enforce_ssl`).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport

MiniStack 1.5.33 evaluates the key by the scheme. The local account speaks plain HTTP on the loopback interface, so
every such policy would refuse everything, the emulator's own deliveries included.

Hooks: `pin_request_origin` as app.py calls it for every request, and the default of `iam_evaluator._request_origin`,
which work outside a request sees.
"""

import contextvars
import ipaddress

from infra.local.hooks import replace


def is_loopback(address: str) -> bool:
    """Whether `address` is an IP address of the loopback interface."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def apply() -> None:
    """Put the completion in place, before the emulator serves.

    Raises:
        HookChangedError: the emulator has changed where the request's transport is remembered.
    """
    from ministack import app
    from ministack.core import iam_evaluator

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        original(source_ip, secure_transport or is_loopback(source_ip))

    original = replace(app, "pin_request_origin", "source_ip secure_transport", pin_request_origin)
    iam_evaluator._request_origin = contextvars.ContextVar("request_origin", default=("127.0.0.1", True))
