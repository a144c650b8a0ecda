with

source as (
    select * from {{ source('silver', 'tasks') }}
),

-- Athena writes no time zones; silver's instants are UTC, so dropping the zone loses nothing. `merged_at` keeps it:
-- engines skip files by a bare column, not by a cast.
renamed as (
    select
        task_id,
        user_id,

        status,
        priority,
        nullif(trim(category), '') as category,
        labels,
        parent_id,
        recurrence,
        previous_id,
        is_deleted,

        cast(due_at as timestamp(6)) as due_at,
        due_date,
        cast(created_at as timestamp(6)) as created_at,
        cast(updated_at as timestamp(6)) as updated_at,
        cast(completed_at as timestamp(6)) as completed_at,
        cast(deleted_at as timestamp(6)) as deleted_at,

        version,
        sequence_number,
        merged_at
    from source
)

select * from renamed
