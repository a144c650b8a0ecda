"""How many batches of the table's stream functions did not take: a metric of each run, in the embedded metric format.

Lambda has no metric of what lies in a bucket. Each run counts, and the alarm keeps its state until the next run
(ADR 0104).
"""

from collections.abc import Mapping, Sequence

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from api.contract import METRICS_NAMESPACE
from api.webhook_contract import FAN_OUT_FUNCTION
from ingestion.contract import CDC_FUNCTION, DISCARDED_BATCHES

FUNCTIONS = (CDC_FUNCTION, FAN_OUT_FUNCTION)


def report_discarded(discarded: Mapping[str, Sequence[str]]) -> None:
    """Write the metric of each function, also when there is nothing, which ends its alarm.

    Args:
        discarded: the keys of objects, by function.
    """
    for function in FUNCTIONS:
        with single_metric(
            name=DISCARDED_BATCHES,
            unit=MetricUnit.Count,
            value=len(discarded.get(function, ())),
            namespace=METRICS_NAMESPACE,
        ) as metric:
            # instead of this function, which Powertools would name
            metric.add_dimension(name="service", value=function)
