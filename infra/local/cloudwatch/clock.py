"""When alarms are evaluated: all the time, not only when somebody puts a metric."""

import logging
import threading
import time

from ministack.services import cloudwatch

from infra.local.account.credentials import settings
from infra.local.account.hooks import account_scopes, in_scope
from infra.local.cloudwatch.evaluation import evaluate

logger = logging.getLogger(__name__)


def tick() -> None:
    """Evaluate every alarm of the current account and region; one that cannot be evaluated does not stop the others."""
    for alarm in list(cloudwatch._alarms.values()):
        try:
            evaluate(alarm)
        except Exception:
            logger.exception("the alarm %s could not be evaluated", alarm["AlarmName"])


def _run() -> None:
    while True:
        time.sleep(settings().alarm_seconds)
        for account, region in account_scopes(cloudwatch._alarms):
            in_scope(account, region, tick)


def apply() -> None:
    """Start the clock."""
    threading.Thread(target=_run, name="alarm-clock", daemon=True).start()
