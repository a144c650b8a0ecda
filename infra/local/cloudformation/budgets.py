"""AWS::Budgets::Budget, which the emulator's Budgets service holds but its CloudFormation refuses.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-budgets-budget.html
"""

from typing import Any

from ministack.services import budgets
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import hook
from infra.local.cloudformation.handlers import Created, Properties, add_type, must_succeed


def _budget(name: str, properties: Properties) -> dict[str, Any]:
    budget = {**properties["Budget"], "BudgetName": name}
    if "BudgetLimit" in budget:  # the template has a number where the API has a string
        budget["BudgetLimit"] = {key: str(value) for key, value in budget["BudgetLimit"].items()}
    return budget


def create(logical_id: str, properties: Properties, stack: str) -> Created:
    """Create the budget with its notifications; Ref is its name."""
    name = properties["Budget"].get("BudgetName") or provisioners._physical_name(stack, logical_id, max_len=100)
    request = {
        "Budget": _budget(name, properties),
        "NotificationsWithSubscribers": properties.get("NotificationsWithSubscribers", []),
        "ResourceTags": properties.get("ResourceTags", []),
    }
    must_succeed(budgets._create_budget(request), "AWS::Budgets::Budget")
    return name, {}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Change the budget in place; changed notifications or another name replace it, as on AWS."""
    kept = ("NotificationsWithSubscribers", "ResourceTags")
    named = new["Budget"].get("BudgetName", physical_id)
    if named != physical_id or any(old.get(key) != new.get(key) for key in kept):
        delete(physical_id, old)
        return create(logical_id, {**new, "Budget": {**new["Budget"], "BudgetName": named}}, stack)
    must_succeed(budgets._update_budget({"NewBudget": _budget(physical_id, new)}), "AWS::Budgets::Budget")
    return physical_id, {}


def delete(physical_id: str, properties: Properties) -> None:  # noqa: ARG001
    """Delete the budget; one that is gone already is fine."""
    budgets._delete_budget({"BudgetName": physical_id})


def apply() -> None:
    """Put the completion in place."""
    for name in ("_create_budget", "_update_budget", "_delete_budget"):
        hook(budgets, name, "data")
    add_type("AWS::Budgets::Budget", create, update, delete)
