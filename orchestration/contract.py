"""Names of the pipeline that others rely on: the stacks that deploy it, its functions, and the operator's commands.

Nothing but the standard library is imported, so every folder and every bundle may import it (ADR 0060).
"""

STATE_MACHINE = "todo-insights-pipeline"
WINDOW_FUNCTION, PUBLISH_FUNCTION = "todo-resolve-window", "todo-publish-insights"
NOTIFY_FUNCTION, ENDED_FUNCTION = "todo-notify-operators", "todo-pipeline-ended"
RUNS_TABLE = "pipeline_runs"
# in the artifacts bucket, a folder for each run: the manifest of its objects and silver's report
RUN_FILES = "glue/runs/"
# in gold's bucket: how far insights have been published
PUBLISHED = "published/"
PIPELINE_FAILURES, UNDELIVERED = "todo-pipeline-failures", "todo-undelivered"
INSIGHTS_ROWS_SKIPPED = "InsightsRowsSkipped"
LINES_REJECTED, OBJECTS_UNREADABLE, TESTS_WARNED = "LinesRejected", "ObjectsUnreadable", "TestsWarned"
TABLE_ITEMS, TABLE_BYTES = "TableItems", "TableBytes"
STATE_FAILED, STATE_DURATION = "StateFailed", "StateDuration"
