"""Bronze as ingestion writes it: its folders, the envelope of a change, and the names of what delivers it.

Silver, the pipeline, replay, the operator's commands and the stacks import this module, so each rule is stated once. It
needs nothing but the standard library: a bundle takes `ingestion/__init__.py` and this file along (ADR 0060).

| folder | content |
|---|---|
| `cdc/dt=YYYY-MM-DD/hour=HH/` | changes of the table, one envelope a line, by hour of arrival (UTC) |
| `logs/dt=YYYY-MM-DD/hour=HH/` | requests that the API served, one a line |
| `errors/cdc/`, `errors/logs/` | what a delivery stream could not transform or deliver |
| `errors/unreadable/` | objects that the silver job could not read: this, and the object's own key |
| `aws/lambda/` | batches of the table's stream that Lambda discarded; Lambda names the folder |
"""

CDC_FUNCTION, LOGS_FUNCTION = "todo-cdc", "todo-logs"
CDC_STREAM, LOGS_STREAM = "todo-cdc", "todo-logs"
CDC_QUARANTINE = "todo-cdc-quarantine"
RECORDS_NOT_TRANSFORMED = "RecordsNotTransformed"

CHANGES, REQUESTS = "cdc", "logs"
FOLDERS = (CHANGES, REQUESTS)
ERRORS = "errors"
UNDELIVERED_REQUESTS = f"{ERRORS}/{REQUESTS}/"
UNREADABLE = f"{ERRORS}/unreadable/"
DISCARDED = "aws/lambda/"
# how many of them there are, by function
DISCARDED_BATCHES = "DiscardedBatches"

# envelope v1 of a change, and log line v1; their JSON Schemas are beside the functions that write them
SCHEMA_VERSION = 1
INSERT, MODIFY, REMOVE = EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
# of an envelope that `insights backfill` made of an item: no change was seen
BACKFILL_EVENT_PREFIX = "backfill-"
