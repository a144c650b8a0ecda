"""Monthly budgets by service and in total, and detection of anomalies, for the whole account.

A budget can be limited to a tag only after the payer's account has activated the tag for cost allocation; so these
count the whole account's costs of the service.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""

import json

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from constructs import Construct

from infra.environments import Budgets, Environment

SERVICES = {
    "dynamodb": "Amazon DynamoDB",
    "lambda": "AWS Lambda",
    "s3": "Amazon Simple Storage Service",
    "total": None,
}
# notify when this much is spent, and when the whole is forecast
SPENT_PCT, FORECAST_PCT = 80, 100
ANOMALY_USD = 20


def create(scope: Construct, environment: Environment) -> None:
    """Make the budgets of an environment that has limits; a local account has no bill.

    Args:
        scope: the stack.
        environment: has the limits and the address that is notified.
    """
    if environment.budgets is None:
        return
    for name, service in SERVICES.items():
        _budget(scope, environment, name, service, _limit(environment.budgets, name))
    if environment.target == "aws":
        _anomalies(scope, environment)


def _limit(limits: Budgets, name: str) -> int:
    by_name = {"dynamodb": limits.dynamodb, "lambda": limits.lambda_, "s3": limits.s3, "total": limits.total}
    return by_name[name]


def _budget(scope: Construct, environment: Environment, name: str, service: str | None, limit: int) -> None:
    subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=environment.alert_email)
    notifications = [
        budgets.CfnBudget.NotificationWithSubscribersProperty(
            notification=budgets.CfnBudget.NotificationProperty(
                notification_type=kind, comparison_operator="GREATER_THAN", threshold=threshold
            ),
            subscribers=[subscriber],
        )
        for kind, threshold in (("ACTUAL", SPENT_PCT), ("FORECASTED", FORECAST_PCT))
    ]
    budgets.CfnBudget(
        scope,
        f"Budget{name.capitalize()}",
        budget=budgets.CfnBudget.BudgetDataProperty(
            # unique in an account, whatever the Region
            budget_name=f"todo-{environment.name}-{name}",
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=limit, unit="USD"),
            cost_filters={"Service": [service]} if service else None,
        ),
        notifications_with_subscribers=notifications if environment.alert_email else None,
    )


def _anomalies(scope: Construct, environment: Environment) -> None:
    if not environment.alert_email:
        return
    # an account may have one monitor of all services only, and a new account has it already
    # https://docs.aws.amazon.com/cost-management/latest/userguide/getting-started-ad.html
    monitor = ce.CfnAnomalyMonitor(
        scope,
        "AnomalyMonitor",
        monitor_name=f"todo-{environment.name}",
        monitor_type="CUSTOM",
        monitor_specification=json.dumps({"Tags": {"Key": "Project", "Values": ["todo-api-with-insights"]}}),
    )
    ce.CfnAnomalySubscription(
        scope,
        "AnomalySubscription",
        subscription_name=f"todo-{environment.name}",
        frequency="DAILY",
        monitor_arn_list=[monitor.attr_monitor_arn],
        subscribers=[ce.CfnAnomalySubscription.SubscriberProperty(type="EMAIL", address=environment.alert_email)],
        threshold_expression=json.dumps(
            {
                "Dimensions": {
                    "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                    "Values": [str(ANOMALY_USD)],
                }
            }
        ),
    )
