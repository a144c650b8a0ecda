"""The names that only the stacks give, for code that must not load the CDK, which takes seconds and needs Node.

What a folder's code names as well is in that folder's contract; `infra.stacks.names` has all of them for the stacks.
"""

DATA_STACK, API_STACK, INGESTION_STACK = "TodoDataStack", "TodoApiStack", "TodoIngestionStack"
TRANSFORMS_STACK, ORCHESTRATION_STACK = "TodoTransformsStack", "TodoOrchestrationStack"
MONITORING_STACK = "TodoMonitoringStack"
# in the order of their deployment
STACKS = (DATA_STACK, API_STACK, INGESTION_STACK, TRANSFORMS_STACK, ORCHESTRATION_STACK, MONITORING_STACK)

# buckets are named `todo-{layer}-{account}-{region}`
LAYERS = ("bronze", "silver", "gold", "artifacts")
USER_POOL = "todo-users"
EMAIL_HASH_SECRET, CURSOR_SECRET = "todo-email-hash-key", "todo-cursor-key"
ALERTS, TICKETS = "todo-alerts", "todo-tickets"
# messages about figures of saved queries: for analysts, not for operators
FIGURE_ALERTS = "todo-figure-alerts"
ALERTS_KEY_ALIAS = "alias/todo-alerts"
DASHBOARD = "TodoApiMonitoring"
# how the alarms on nightly jobs end that were not done, and after how long: a night, and the time that a run may take
NOT_DONE, NIGHTLY_HOURS = "-not-done", 26


def bucket_name(layer: str, account: str, region: str) -> str:
    """The name of the bucket of one of `LAYERS`."""
    return f"todo-{layer}-{account}-{region}"
