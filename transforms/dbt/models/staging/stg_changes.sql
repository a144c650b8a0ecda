{% set first_folder = env_var('DBT_BRONZE_UNREAD_SINCE', '2026-01-01 00') %}
{% set times = ['due_at', 'created_at', 'updated_at', 'completed_at', 'deleted_at'] %}
with

-- a literal prunes partitions, a subquery would not
source as (
    select line
    from {{ source('bronze', 'change_lines') }}
    where
        dt >= '{{ first_folder[:10] }}'
        and (dt > '{{ first_folder[:10] }}' or hour >= '{{ first_folder[11:] }}')
),

-- an object as a map: a function that extracts one value by its path reads the whole text for it
documents as (
    select try_cast(try(json_parse(line)) as map (varchar, json)) as document
    from source
),

envelopes as (
    select
        json_format(element_at(document, 'schema_version')) as schema_version,
        {{ text_of('document', 'event_id') }} as event_id,
        {{ text_of('document', 'event_name') }} as event_name,
        {{ text_of('document', 'entity_type') }} as entity_type,
        {{ text_of('document', 'sequence_number') }} as sequence_number,
        {{ utc_instant(text_of('document', 'event_time')) }} as occurred_at,
        {{ utc_instant(text_of('document', 'ingested_at')) }} as ingested_at,
        try_cast(element_at(document, 'new_image') as map (varchar, json)) as new_image,
        try_cast(element_at(document, 'old_image') as map (varchar, json)) as old_image
    from documents
),

-- the item as the change left it or, of one that is gone, as it was
items as (
    select
        *,
        event_name = 'REMOVE' as is_removed,
        if(event_name = 'REMOVE', old_image, new_image) as image
    from envelopes
),

attributes as (
    select
        schema_version,
        event_id,
        event_name,
        entity_type,
        sequence_number,
        occurred_at,
        ingested_at,
        is_removed,
        new_image is not null as has_new_image,
        old_image is not null as has_old_image,
        {{ has_required_attributes('entity_type', 'image') }} as is_complete,
        {{ text_of('old_image', 'status') }} as previous_status,
        {{ text_of('old_image', 'deleted_at') }} is not null as was_deleted,
        {{ text_of('image', 'id') }} as task_id,
        {{ text_of('image', 'user_id') }} as user_id,
        {{ text_of('image', 'status') }} as status,
        {{ text_of('image', 'priority') }} as priority,
        nullif(trim({{ text_of('image', 'category') }}), '') as category,
        try_cast(element_at(image, 'labels') as array(varchar)) as labels,
        {{ text_of('image', 'parent_id') }} as parent_id,
        {{ text_of('image', 'recurrence') }} as recurrence,
        {{ text_of('image', 'previous_id') }} as previous_id,
        {{ text_of('image', 'due_date') }} as due_date_text,
        try_cast({{ text_of('image', 'due_date') }} as date) as due_date,
        {%- for time in times %}
            {{ text_of('image', time) }} as {{ time }}_text,
            {{ utc_instant(text_of('image', time)) }} as {{ time }},
        {%- endfor %}
        json_format(element_at(image, 'version')) as version_text
    from items
),

-- what the job would reject is left out
accepted as (
    select
        *,
        try_cast(version_text as bigint) + if(is_removed, 1, 0) as version
    from attributes
    where
        schema_version = '1'
        and event_id is not null
        and regexp_like(sequence_number, '^[0-9]{1,40}$')
        and occurred_at is not null
        and ingested_at is not null
        and event_name in ('INSERT', 'MODIFY', 'REMOVE')
        and entity_type in ('TASK', 'USER')
        and (event_name != 'REMOVE') = has_new_image
        and (event_name != 'INSERT') = has_old_image
        and is_complete
        and try_cast(version_text as bigint) is not null
        and (due_date_text is null or due_date is not null)
        {%- for time in times %}
            and ({{ time }}_text is null or {{ time }} is not null)
        {%- endfor %}
        and (
            entity_type = 'USER'
            or (
                status in ('pending', 'in_progress', 'completed', 'cancelled')
                and priority in ('low', 'medium', 'high', 'urgent')
            )
        )
),

-- a record may be delivered twice; the content that was captured last counts
captures as (
    select
        *,
        row_number() over (partition by event_id order by ingested_at desc) as place
    from accepted
),

final as (
    select
        event_id,
        entity_type,
        task_id,
        user_id,

        case
            when event_name = 'INSERT' then 'created'
            when is_removed then 'purged'
            when not was_deleted and deleted_at is not null then 'deleted'
            when was_deleted and deleted_at is null then 'restored'
            when previous_status is distinct from status and status in ('completed', 'cancelled') then status
            when
                previous_status is distinct from status
                and previous_status in ('completed', 'cancelled')
                and {{ is_open('status') }}
                then 'reopened'
            else 'updated'
        end as event_type,
        status,
        priority,
        category,
        labels,
        parent_id,
        recurrence,
        previous_id,
        is_removed or deleted_at is not null as is_deleted,
        starts_with(event_id, 'backfill-') and sequence_number = '0' as is_backfill,

        due_at,
        due_date,
        cast(occurred_at as date) as event_date,
        occurred_at,
        ingested_at,
        created_at,
        updated_at,
        completed_at,

        version,
        sequence_number
    from captures
    where place = 1
)

select * from final
