"""The same tables as the silver job makes, in DuckDB's SQL: a process of its own, so that its costs can be measured.

python -m tests.bench.silver.reference BRONZE OUTPUT KEY_HEX
"""

import pathlib
import sys

import duckdb

IMAGE = {
    **dict.fromkeys(("id", "user_id", "title", "description", "status", "priority", "category", "due_date"), "varchar"),
    **dict.fromkeys(("created_at", "updated_at", "completed_at", "deleted_at", "email", "name"), "varchar"),
    "version": "bigint",
}
STRUCT = "struct(" + ", ".join(f'"{name}" {kind}' for name, kind in IMAGE.items()) + ")"
COLUMNS = {
    "event_id": "varchar",
    "event_name": "varchar",
    "sequence_number": "varchar",
    "event_time": "varchar",
    "ingested_at": "varchar",
    "entity_type": "varchar",
    "new_image": STRUCT,
    "old_image": STRUCT,
    "request_id": "varchar",
}
COMPARED = ("category", "completed_at", "deleted_at", "description", "due_date", "priority", "status", "title")

EVENTS = f"""
create table events as
select
    event_id, event_name, entity_type, sequence_number, request_id, old_image.status as previous_status,
    event_time::timestamptz as occurred_at, ingested_at::timestamptz as ingested_at,
    coalesce(new_image, old_image) as image,
    coalesce(new_image, old_image).version + (event_name = 'REMOVE')::bigint as version,
    case
        when event_name = 'INSERT' then 'created'
        when event_name = 'REMOVE' then 'purged'
        when old_image.deleted_at is null and new_image.deleted_at is not null then 'deleted'
        when old_image.deleted_at is not null and new_image.deleted_at is null then 'restored'
        when old_image.status is distinct from new_image.status and new_image.status in ('completed', 'cancelled')
            then new_image.status
        when old_image.status in ('completed', 'cancelled') and new_image.status in ('pending', 'in_progress')
            then 'reopened'
        else 'updated'
    end as event_type,
    case when event_name = 'MODIFY' then list_filter(
        [{", ".join(f"case when old_image.{n} is distinct from new_image.{n} then '{n}' end" for n in COMPARED)}],
        lambda name: name is not null) else [] end as changed_fields
from read_json(?, format = 'newline_delimited', columns = {{{", ".join(f"'{n}': '{k}'" for n, k in COLUMNS.items())}}})
"""
TASK_EVENTS = """
select event_id, image.id as task_id, image.user_id as user_id, event_type, version, sequence_number, occurred_at,
    min(ingested_at) as ingested_at, image.status as status, previous_status, image.priority as priority,
    image.category as category, image.due_date::date as due_date, changed_fields, request_id
from events where entity_type = 'TASK' group by all
"""
TASKS = """
select image.id as task_id, arg_max(struct_pack(
    user_id := image.user_id, title := case when event_name != 'REMOVE' then image.title end, status := image.status,
    priority := image.priority, category := image.category, due_date := image.due_date::date,
    created_at := image.created_at::timestamptz, updated_at := image.updated_at::timestamptz,
    completed_at := image.completed_at::timestamptz,
    deleted_at := coalesce(image.deleted_at::timestamptz, case when event_name = 'REMOVE' then occurred_at end),
    is_deleted := event_name = 'REMOVE' or image.deleted_at is not null, version := version,
    sequence_number := sequence_number), (version, lpad(sequence_number, 40, '0'))) as row
from events where entity_type = 'TASK' group by 1
"""
USERS = """
select image.user_id as user_id, arg_max(struct_pack(
    email_masked := image.email[1] || '***@' || lower(split_part(image.email, '@', 2)),
    email_domain := lower(split_part(image.email, '@', 2)),
    email_hash := sha256(outer_pad || unhex(sha256(inner_pad || encode(lower(trim(image.email)))))),
    name_masked := regexp_replace(image.name, '(\\S)\\S*', '\\1***', 'g'),
    created_at := image.created_at::timestamptz, updated_at := image.updated_at::timestamptz,
    is_deleted := event_name = 'REMOVE', version := version, sequence_number := sequence_number),
    (image.created_at, version, lpad(sequence_number, 40, '0'))) as row
from events, (select from_hex($1) as inner_pad, from_hex($2) as outer_pad) where entity_type = 'USER' group by 1
"""


def build(bronze: pathlib.Path, output: pathlib.Path, inner_pad: str, outer_pad: str) -> None:
    """Write `task_events`, `tasks` and `users` as Parquet, from bronze's files.

    Args:
        bronze: the folder with the `dt=` folders.
        output: gets a file per table.
        inner_pad: of the e-mail hash, hexadecimal.
        outer_pad: likewise.
    """
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("set timezone = 'UTC'")
    connection.execute(EVENTS, [f"{bronze}/*/*/*.gz"])
    connection.execute(f"create view pads as select '{inner_pad}' as i, '{outer_pad}' as o")
    users = USERS.replace("$1", "(select i from pads)").replace("$2", "(select o from pads)")
    for name, query in (
        ("task_events", TASK_EVENTS),
        ("tasks", f"select task_id, unnest(row) from ({TASKS})"),
        ("users", f"select user_id, unnest(row) from ({users})"),
    ):
        connection.execute(f"copy ({query}) to '{output}/{name}.parquet' (format parquet, compression zstd)")


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4])
