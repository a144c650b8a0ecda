"""Collects the calls of AWS's services in a module's source, without running it.

A client is what `….client("service")` or a parameter typed by boto3-stubs gives, directly, by a variable, or by an
attribute. A call by a name that no client of the module is bound to is taken for a call of any service that the
module uses, if one of them has an operation of that name.
"""

import ast
import dataclasses
import functools
import pathlib
import re
from collections.abc import Iterator

import boto3
from botocore import xform_name
from botocore.model import ServiceModel

# boto3's own, beside the operations of a service
CLIENT_MEMBERS = {
    "can_paginate", "close", "copy", "download_file", "download_fileobj", "exceptions", "generate_presigned_url",
    "get_paginator", "get_waiter", "meta", "upload_file", "upload_fileobj", "waiter_names",
}  # fmt: skip
STUBS = re.compile(r"mypy_boto3_(\w+)")
SERVICE_OF_STUB = {"cognito_idp": "cognito-idp", "service_quotas": "service-quotas"}


@dataclasses.dataclass(frozen=True)
class Call:
    """One call.

    Args:
        place: file and line.
        services: whose client it may be; one, unless the source does not say.
        method: of the client.
        parameters: names of its arguments.
        argument: its first positional argument, if that is a text.
    """

    place: str
    services: tuple[str, ...]
    method: str
    parameters: tuple[str, ...]
    argument: str | None = None


@functools.cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # type: ignore[call-overload]
    found: ServiceModel = client.meta.service_model
    return found


@functools.cache
def operations(service: str) -> dict[str, frozenset[str]]:
    """Method names of a client, with the parameters of each."""
    found = {}
    for name in model(service).operation_names:
        shape = model(service).operation_model(name).input_shape
        found[xform_name(name)] = frozenset(shape.members if shape else ())
    return found


def collect(path: pathlib.Path, root: pathlib.Path) -> Iterator[Call]:
    """Every call of AWS in a module.

    Args:
        path: the module.
        root: of the repository.
    """
    tree = ast.parse(path.read_text())
    bound = dict(_bindings(tree))
    used = tuple(sorted({*bound.values(), *_stubbed(tree), *_literal_services(tree)}))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        service = _service(node.func.value, bound)
        method = node.func.attr
        if service is None and not any(method in operations(each) for each in used):
            continue
        services = (service,) if service else tuple(each for each in used if method in operations(each))
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        yield Call(
            f"{path.relative_to(root)}:{node.lineno}",
            services,
            method,
            tuple(keyword.arg for keyword in node.keywords if keyword.arg),
            first if isinstance(first, str) else None,
        )


def _client_of(node: ast.AST) -> str | None:
    """The service of `….client("service")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client" and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    return None


def _service(node: ast.AST, bound: dict[str, str]) -> str | None:
    return _client_of(node) or bound.get(ast.unparse(node))


def _bindings(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names, with the service of the client that each is bound to; a name with two services is left out."""
    found: dict[str, set[str | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _pairs(target, node.value):
                    found.setdefault(name, set()).add(_client_of(value))
        elif isinstance(node, ast.arg) and node.annotation:
            found.setdefault(node.arg, set()).add(_of_annotation(node.annotation, tree))
        elif isinstance(node, ast.AnnAssign):
            service = (node.value and _client_of(node.value)) or _of_annotation(node.annotation, tree)
            name = ast.unparse(node.target)
            found.setdefault(name, set()).add(service)
            found.setdefault(f"self.{name}", set()).add(service)
    for name, services in found.items():
        (service, *more) = services
        if service and not more:
            yield name, service


def _pairs(target: ast.AST, value: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield ast.unparse(one), other
    else:
        yield ast.unparse(target), value


def _of_annotation(annotation: ast.AST, tree: ast.AST) -> str | None:
    name = ast.unparse(annotation).strip("'\"")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            stub = STUBS.match(node.module or "")
            if stub and name.endswith("Client"):
                return SERVICE_OF_STUB.get(stub[1], stub[1])
    return None


def _stubbed(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (stub := STUBS.match(node.module or "")):
            yield SERVICE_OF_STUB.get(stub[1], stub[1])


def _literal_services(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if service := _client_of(node):
            yield service
