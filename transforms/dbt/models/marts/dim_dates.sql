with

days as (
    select days.date_day
    from unnest(sequence(date '2020-01-01', date '2039-12-31', interval '1' day)) as days (date_day)
),

final as (
    select
        date_day,

        cast(year(date_day) as integer) as year,
        cast(quarter(date_day) as integer) as quarter,
        cast(month(date_day) as integer) as month,
        date_trunc('week', date_day) as week_start,
        cast(day_of_week(date_day) as integer) as day_of_week,
        element_at(
            array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
            cast(day_of_week(date_day) as integer)
        ) as day_name,
        day_of_week(date_day) > 5 as is_weekend
    from days
)

select * from final
