"""Calls of the AWS command line in pages: service, operation and parameters exist in botocore's description of AWS.

The command line is not part of the environment, so nothing runs these calls; AWS generates its commands from the same
descriptions: https://docs.aws.amazon.com/cli/latest/reference/
"""

import functools
import re
import shlex
from collections.abc import Iterator

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel

CALL = re.compile(r"(?:^|[\s(\"])aws ([a-z][a-z0-9-]*) ([a-z][a-z0-9-]*)((?: [^|)#;&>]*)?)")
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
GLOBAL = {
    "--query",
    "--output",
    "--profile",
    "--region",
    "--max-items",
    "--page-size",
    "--starting-token",
    "--endpoint-url",
}
# `aws s3` has commands of its own; https://docs.aws.amazon.com/cli/latest/reference/s3api/
ALIASES = {"s3api": "s3"}
# written for the command line, not generated
CUSTOM: dict[tuple[str, str], set[str]] = {
    ("logs", "tail"): {"--since", "--follow", "--filter-pattern", "--format"},
    ("cloudformation", "deploy"): {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides"},
}


def check_calls(code: str, names: set[str]) -> Iterator[str]:
    """What is wrong with the calls in a line of code.

    Args:
        code: a line of a block, or a span.
        names: of resources, for arguments that begin with `todo-`.
    """
    for inner in SUBSTITUTION.findall(code):
        yield from check_calls(inner, names)
    for service, operation, arguments in CALL.findall(SUBSTITUTION.sub("VALUE", code)):
        call = f"aws {service} {operation}"
        model = read_model(service)
        if model is None:
            yield f"there is no service for `{call}`"
            continue
        known = find_parameters(model, service, operation)
        if known is None:
            yield f"there is no operation for `{call}`"
            continue
        words = shlex.split(re.sub(r"[\"']", "", arguments))
        given = {word for word in words if word.startswith("--")}
        required = {flag for flag, is_required in known.items() if is_required}
        for flag in sorted(given - known.keys() - GLOBAL):
            yield f"`{call}` has no {flag}"
        if given - GLOBAL and operation != "wait":  # a call in passing has no arguments
            yield from (f"`{call}` needs {flag}" for flag in sorted(required - given))
        for word in words:
            for name in re.findall(r"\btodo-[\w-]+", word):
                if not word.startswith("--") and name not in names:
                    yield f"no resource or alarm is called `{name}`"


@functools.cache
def read_model(service: str) -> ServiceModel | None:
    """The description of a service's API, or None when there is no such service.

    Args:
        service: as the command line names it.
    """
    session, name = botocore.session.get_session(), ALIASES.get(service, service)
    if name not in session.get_available_services():
        return None
    return session.get_service_model(name)


def find_parameters(model: ServiceModel, service: str, operation: str) -> dict[str, bool] | None:
    """The flags of an operation, and whether each is required; None when there is no such operation.

    Args:
        model: of the service.
        service: its name.
        operation: as the command line names it; `wait` has the waiters' flags.
    """
    if (service, operation) in CUSTOM:
        return dict.fromkeys(CUSTOM[service, operation], False)
    if operation == "wait":
        return {flag: False for name in model.operation_names for flag in flags(model, name)}
    for name in model.operation_names:
        if xform_name(name, "-") == operation:
            return flags(model, name)
    return None


def flags(model: ServiceModel, name: str) -> dict[str, bool]:
    """The flags of an operation by its name in the API, and whether each is required."""
    shape = model.operation_model(name).input_shape
    if shape is None:
        return {}
    return {f"--{xform_name(member, '-')}": member in shape.required_members for member in shape.members}
