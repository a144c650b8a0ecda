"""docs/reference/iam.md: every role, who may assume it, and what it may do, from the committed templates of prod."""

from collections.abc import Iterator
from typing import Any

from infra.site import templates
from infra.site.markdown import code, codes, page, table

INTRODUCTION = """\
# IAM roles

Written by `make reference` from the templates of `prod` in `cdk.snapshots/`. Account and Region are shown as
`<account>` and `<region>`. What a service's own condition adds is in the last column."""


def text() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Who may assume which role", _overview()]
    for stack, logical_id, role in templates.resources("AWS::IAM::Role"):
        rows = [_row(stack, statement) for statement in statements(role)]
        parts += [f"## {title(stack, logical_id)}", f"Stack `Todo{stack}Stack`."]
        managed = role["Properties"].get("ManagedPolicyArns", [])
        if managed:
            parts.append("Managed policies: " + codes(templates.text(arn, stack) for arn in managed) + ".")
        parts.append(table(("actions", "resources", "condition"), rows))
    return page(*parts)


def title(stack: str, logical_id: str) -> str:
    """What a role is called on the page: its name, or its logical id without the hash."""
    return templates.name_of(stack, logical_id)


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every statement of a role's inline policies."""
    for policy in role["Properties"].get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def _overview() -> str:
    rows = []
    for stack, logical_id, role in templates.resources("AWS::IAM::Role"):
        principals = [
            f"{kind}: {', '.join(templates.text(name, stack) for name in _list(named))}"
            for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            for kind, named in statement["Principal"].items()
        ]
        anchor = title(stack, logical_id).lower()
        rows.append((f"[{title(stack, logical_id)}](#{anchor})", code(f"Todo{stack}Stack"), "; ".join(principals)))
    return table(("role", "stack", "may be assumed by"), rows)


def _row(stack: str, statement: dict[str, Any]) -> tuple[str, str, str]:
    actions = codes(sorted(_list(statement["Action"])))
    if statement["Effect"] != "Allow":
        actions = f"**{statement['Effect']}** {actions}"
    resources = codes(templates.short_arn(templates.text(one, stack)) for one in _list(statement["Resource"]))
    conditions = [
        f"{operator} {code(key)} = {codes(templates.text(one, stack) for one in _list(values))}"
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return actions, resources, "; ".join(conditions)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
