"""Alarms and budgets of a template."""

from typing import Any

import pytest

from tests.conftest import Account
from tests.integration.local.cloudformation.conftest import Resource, Stack, attribute, resource

pytestmark = pytest.mark.account


def metric_query(name: str, metric: str) -> dict[str, Any]:
    found = {"Namespace": "Stack", "MetricName": metric}
    return {"Id": name, "MetricStat": {"Metric": found, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


def math_alarm(name: str) -> Resource:
    return resource(
        "AWS::CloudWatch::Alarm",
        AlarmName=name,
        Metrics=[
            metric_query("errors", f"Errors-{name}"),
            metric_query("calls", f"Calls-{name}"),
            {"Id": "rate", "Expression": "100 * errors / calls", "Label": "error rate"},
        ],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        EvaluationPeriods=1,
        TreatMissingData="notBreaching",
    )


def test_metric_math_and_composite_alarms_are_created_changed_and_deleted(
    account: Account, stack: Stack, unique: str
) -> None:
    cloudwatch = account.session.client("cloudwatch")
    rate, any_of = f"rate-{unique}", f"any-{unique}"

    def resources(description: str) -> dict[str, Resource]:
        composite = resource(
            "AWS::CloudWatch::CompositeAlarm",
            AlarmName=any_of,
            AlarmDescription=description,
            AlarmRule={"Fn::Sub": 'ALARM("${Rate}")'},
        )
        return {"Rate": math_alarm(rate), "Any": composite}

    outputs = stack.deploy(resources("first"), {"Arn": attribute("Any", "Arn")})
    assert outputs["Arn"].endswith(f":alarm:{any_of}")
    found = cloudwatch.describe_alarms(AlarmNames=[rate])["MetricAlarms"][0]
    assert [query["Id"] for query in found["Metrics"]] == ["errors", "calls", "rate"]
    assert found["Metrics"][2]["Expression"] == "100 * errors / calls"
    assert "MetricName" not in found

    stack.deploy(resources("second"), {"Arn": attribute("Any", "Arn")})
    composites = cloudwatch.describe_alarms(AlarmNames=[any_of], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [composite["AlarmDescription"] for composite in composites] == ["second"]

    stack.deploy({"Rate": math_alarm(rate)})
    assert not cloudwatch.describe_alarms(AlarmNames=[any_of], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]


def test_metric_math_that_cannot_be_evaluated_fails_the_stack(account: Account, stack: Stack, unique: str) -> None:
    alarm = math_alarm(f"rate-{unique}")
    alarm["Properties"]["Metrics"][2]["Expression"] = "errors / requests"
    with pytest.raises(AssertionError, match="requests"):
        stack.deploy({"Rate": alarm})
    assert not account.session.client("cloudwatch").describe_alarms(AlarmNames=[f"rate-{unique}"])["MetricAlarms"]


def test_a_budget_is_created_and_changed(account: Account, stack: Stack, unique: str) -> None:
    budgets = account.session.client("budgets")

    def budget(amount: int) -> dict[str, Resource]:
        notification = {
            "Notification": {
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": 80,
            },
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "owner@example.com"}],
        }
        limits = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": amount, "Unit": "USD"}}
        return {
            "Budget": resource(
                "AWS::Budgets::Budget",
                Budget={"BudgetName": f"budget-{unique}", **limits},
                NotificationsWithSubscribers=[notification],
            )
        }

    for amount in (10, 20):
        stack.deploy(budget(amount))
        found = budgets.describe_budget(AccountId="000000000000", BudgetName=f"budget-{unique}")["Budget"]
        assert float(found["BudgetLimit"]["Amount"]) == amount
    notifications = budgets.describe_notifications_for_budget(AccountId="000000000000", BudgetName=f"budget-{unique}")[
        "Notifications"
    ]
    assert [notification["Threshold"] for notification in notifications] == [80]
