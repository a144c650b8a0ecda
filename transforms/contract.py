"""Names of the lake that others rely on: databases, workgroups, jobs and builds.

Nothing but the standard library is imported, so every folder and every bundle may import it (ADR 0060).
"""

BRONZE_DATABASE, SILVER_DATABASE, GOLD_DATABASE = "todo_bronze", "todo_silver", "todo_analytics"
SILVER_TABLES = ("task_events", "tasks", "users", "api_requests", "rejects")
WORKGROUP, DBT_WORKGROUP = "todo-analytics-workgroup", "todo-dbt-workgroup"
# in the bronze database, beside what the crawler makes
CHANGE_LINES = "change_lines"
CRAWLER, SILVER_JOB, SILVER_MAINTENANCE_JOB = "todo-bronze-crawler", "todo-silver", "todo-silver-maintenance"
DBT_PROJECT, RECONCILE_PROJECT = "todo-dbt", "todo-reconcile"
# prefixes of gold's bucket: results of queries, and the tables that dbt writes
ATHENA_RESULTS, GOLD_TABLES = "athena-results/", "tables/"
BI_ROLE = "todo-bi-user"
RECONCILE_DIFFERENCES, RECONCILE_ROWS = "ReconcileDifferences", "ReconcileRows"
MAINTENANCE_FAILED = "MaintenanceFailed"
