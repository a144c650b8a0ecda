"""The local account's alarms: what missing data means, and what metric math gives."""

import pytest

from infra.local.cloudwatch.evaluation import state_of
from infra.local.cloudwatch.expressions import ExpressionError, evaluate

# The tables of "Configuring how CloudWatch alarms treat missing data", latest data point last; X breaches, 0 does not.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
RETAINED = "before"
TABLE = [
    (3, "0-X-X", ("OK", "OK", "OK", "OK")),
    (3, "0----", ("OK", "OK", "OK", "OK")),
    (3, "-----", ("INSUFFICIENT_DATA", RETAINED, "ALARM", "OK")),
    (3, "0XX-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (3, "--X--", ("ALARM", RETAINED, "ALARM", "OK")),
    (2, "0-X-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "00X0X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0-X--", ("OK", "OK", "ALARM", "OK")),
    (2, "----0", ("OK", "OK", "ALARM", "OK")),
    (2, "---X-", ("ALARM", RETAINED, "ALARM", "OK")),
]


@pytest.mark.parametrize(("required", "points", "expected"), TABLE)
def test_missing_data_means_what_the_user_guide_says(required: int, points: str, expected: tuple[str, ...]) -> None:
    breaching = [{"X": True, "0": False, "-": None}[point] for point in reversed(points)]
    states = [state_of(breaching, required, 3, treatment, RETAINED) for treatment in TREATMENTS]
    assert tuple(states) == expected


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b * 2", 8.0),
        ("-(a - b) / 2", 0.5),
        ("a + b ^ 2", 11.0),
        ("a / none", None),
        ("a / 0", None),
        ("FILL(none, 7) + a", 9.0),
        ("IF(a > b, 1, 2)", 2.0),
        ("IF(none > b, 1, 2)", None),
        ("SUM(METRICS())", 5.0),
        ("MAX([a, b, none])", 3.0),
        ("CEIL(AVG([a, b]))", 3.0),
        ("100*(a/b)", 100 * (2 / 3)),
    ],
)
def test_expressions_have_the_value_that_metric_math_gives_them(expression: str, value: float | None) -> None:
    assert evaluate(expression, {"a": 2.0, "b": 3.0, "none": None}) == value


@pytest.mark.parametrize("expression", ["a +", "unknown", "RATE(a)", "METRICS()", "a.b", "SUM(a, b)", "'a'"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {"a": 2.0, "b": 3.0})
