with

states as (
    select
        *,
        row_number() over (partition by user_bucket, user_id, task_id order by merged_at desc) as place
    from {{ ref('int_task_states') }}
),

-- a new column of a task needs no edit here
final as (
    select *  -- noqa: AM04
    from states
    where
        place = 1
        and is_live
)

select * from final  -- noqa: AM04
