"""The same tables as the silver job makes, `rejects` among them, in DuckDB's SQL.

A process of its own, so that its costs can be measured.

python -m tests.bench.silver.duckdb_reference BRONZE OUTPUT KEY_HEX
"""

import json
import pathlib
import sys

import duckdb

from api.contract import TASK_ATTRIBUTES, USER_ATTRIBUTES

ATTRIBUTES = {one.name: one for one in (*TASK_ATTRIBUTES, *USER_ATTRIBUTES)}
IMAGE = {
    one.name: {"integer": "bigint", "strings": ["varchar"]}.get(one.type, "varchar") for one in ATTRIBUTES.values()
}
STRUCTURE = {
    "schema_version": "bigint",
    **dict.fromkeys(("event_id", "event_name", "sequence_number", "event_time", "ingested_at"), "varchar"),
    "entity_type": "varchar",
    "new_image": IMAGE,
    "old_image": IMAGE,
    "request_id": "varchar",
}
COMPARED = sorted(one.name for one in TASK_ATTRIBUTES if one.owned)
TIMES = [one.name for one in ATTRIBUTES.values() if one.type == "timestamp"]
REQUIRED = {
    kind: [one.name for one in attributes if one.required]
    for kind, attributes in (("TASK", TASK_ATTRIBUTES), ("USER", USER_ATTRIBUTES))
}
# what `tasks` holds as it is in the item
_OWN = ("id", "user_id", "version")
PLAIN = [
    one.name
    for one in TASK_ATTRIBUTES
    if one.type in ("string", "strings", "integer") and not one.personal and one.name not in _OWN
]
# what breaks a rule of the contract, in the contract's order; the types of values inside a line are not among them
BROKEN = {
    "not JSON, or a value of another type than the schema's": "event is null",
    "schema_version is not 1": "event.schema_version is distinct from 1",
    "event_id is missing": "event_id is null",
    "sequence_number is no number": "not coalesce(regexp_full_match(sequence_number, '[0-9]{1,40}'), false)",
    "event_time is no time": "occurred_at is null",
    "ingested_at is no time": "ingested_at is null",
    "event_name is unknown": "coalesce(event_name not in ('INSERT', 'MODIFY', 'REMOVE'), true)",
    "entity_type is unknown": "coalesce(entity_type not in ('TASK', 'USER'), true)",
    "new_image does not go with event_name": "(event_name != 'REMOVE') != (new_image is not null)",
    "old_image does not go with event_name": "(event_name != 'INSERT') != (old_image is not null)",
    **{f"{n} of the image is no time": f"image.{n} is not null and {n} is null" for n in TIMES},
    "due_date of the image is no date": "image.due_date is not null and due_date is null",
    "the image lacks an attribute": "not ("
    + " or ".join(
        f"(entity_type = '{kind}' and {' and '.join(f'image.{n} is not null' for n in names)})"
        for kind, names in REQUIRED.items()
    )
    + ")",
    "status of the image is unknown": "entity_type = 'TASK' and image.status not in "
    "('pending', 'in_progress', 'completed', 'cancelled')",
    "priority of the image is unknown": "entity_type = 'TASK' and image.priority not in "
    "('low', 'medium', 'high', 'urgent')",
}

LINES = f"""
create view lines as
select line, filename, case when json_valid(line) then from_json(line, '{json.dumps(STRUCTURE)}') end as event
from read_csv(?, columns = {{'line': 'varchar'}}, header = false, delim = '\x01', quote = '', escape = '',
    auto_detect = false, filename = true)
"""
EVENTS = f"""
create table events as
with taken as (
    select line, filename, event, event.event_id as event_id, event.event_name as event_name,
        event.entity_type as entity_type, event.sequence_number as sequence_number, event.request_id as request_id,
        event.new_image as new_image, event.old_image as old_image, coalesce(event.new_image, event.old_image) as image,
        try_cast(event.event_time as timestamptz) as occurred_at,
        try_cast(event.ingested_at as timestamptz) as ingested_at
    from lines
), typed as (
    select *, {", ".join(f"try_cast(image.{n} as timestamptz) as {n}" for n in TIMES)},
        try_cast(image.due_date as date) as due_date
    from taken
), checked as (
    select *, case {" ".join(f"when {broken} then $${reason}$$" for reason, broken in BROKEN.items())} end as reason
    from typed
)
select
    event_id, event_name, entity_type, sequence_number, request_id, old_image.status as previous_status,
    old_image.deleted_at is not null as was_deleted, try_cast(old_image.due_date as date) as previous_due_date,
    occurred_at, ingested_at, image, {", ".join(TIMES)}, due_date,
    image.version + (event_name = 'REMOVE')::bigint as version,
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
        lambda name: name is not null) else [] end as changed_fields,
    reason,
    case when reason is not null then filename end as filename,
    case when reason is not null then sha256(line) end as digest
from checked
"""
TASK_EVENTS = """
select event_id, false as is_synthetic, image.id as task_id, image.user_id as user_id, event_type, version,
    sequence_number, occurred_at, min(ingested_at) as ingested_at, image.status as status, previous_status, was_deleted,
    image.priority as priority, image.category as category, due_date, previous_due_date, changed_fields, request_id
from events where reason is null and entity_type = 'TASK' group by all
"""
TASKS = f"""
select image.id as task_id, arg_max(struct_pack(
    user_id := image.user_id, title := case when event_name != 'REMOVE' then image.title end,
    {", ".join(f"{name} := image.{name}" for name in PLAIN)}, due_at := due_at, due_date := due_date,
    created_at := created_at, updated_at := updated_at, completed_at := completed_at,
    deleted_at := coalesce(deleted_at, case when event_name = 'REMOVE' then occurred_at end),
    is_deleted := event_name = 'REMOVE' or deleted_at is not null, version := version,
    sequence_number := sequence_number), (version, lpad(sequence_number, 40, '0'))) as row
from events where reason is null and entity_type = 'TASK' group by 1
"""
USERS = """
select image.user_id as user_id, arg_max(struct_pack(
    email_masked := image.email[1] || '***@' || lower(split_part(image.email, '@', 2)),
    email_domain := lower(split_part(image.email, '@', 2)),
    email_hash := sha256(outer_pad || unhex(sha256(inner_pad || encode(lower(trim(image.email)))))),
    name_masked := regexp_replace(image.name, '(\\S)\\S*', '\\1***', 'g'),
    time_zone := case when event_name != 'REMOVE' then image.time_zone end,
    created_at := created_at, updated_at := updated_at,
    is_deleted := event_name = 'REMOVE', version := version, sequence_number := sequence_number),
    (created_at, version, lpad(sequence_number, 40, '0'))) as row
from events, (select from_hex($1) as inner_pad, from_hex($2) as outer_pad)
where reason is null and entity_type = 'USER' group by 1
"""
REJECTS = "select distinct reason, parse_filename(filename) as object, digest from events where reason is not null"


def build(bronze: pathlib.Path, output: pathlib.Path, inner_pad: str, outer_pad: str) -> None:
    """Write `task_events`, `tasks`, `users` and what tells of `rejects` as Parquet, from bronze's files.

    Args:
        bronze: the folder with the `dt=` folders.
        output: gets a file per table.
        inner_pad: of the e-mail hash, hexadecimal.
        outer_pad: likewise.
    """
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("set timezone = 'UTC'")
    connection.execute(LINES.replace("?", f"'{bronze}/*/*/*.gz'"))
    connection.execute(EVENTS)
    connection.execute(f"create view pads as select '{inner_pad}' as i, '{outer_pad}' as o")
    users = USERS.replace("$1", "(select i from pads)").replace("$2", "(select o from pads)")
    for name, query in (
        ("task_events", TASK_EVENTS),
        ("tasks", f"select task_id, unnest(row) from ({TASKS})"),
        ("users", f"select user_id, unnest(row) from ({users})"),
        ("rejects", REJECTS),
    ):
        connection.execute(f"copy ({query}) to '{output}/{name}.parquet' (format parquet, compression zstd)")


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4])
