"""Names of the pipeline that others rely on: the stacks that deploy it, its functions, and the operator's commands.

Nothing but the standard library is imported, so every folder and every bundle may import it (ADR 0060).
"""

STATE_MACHINE = "todo-insights-pipeline"
WINDOW_FUNCTION, PUBLISH_FUNCTION, ENDED_FUNCTION = (
    "todo-resolve-window",
    "todo-publish-insights",
    "todo-pipeline-ended",
)
RUNS_TABLE = "pipeline_runs"
PIPELINE_FAILURES, UNDELIVERED = "todo-pipeline-failures", "todo-undelivered"
METRICS_NAMESPACE = "TodoInsights"
INSIGHTS_ROWS_SKIPPED = "InsightsRowsSkipped"
STATE_FAILED, STATE_DURATION = "StateFailed", "StateDuration"
