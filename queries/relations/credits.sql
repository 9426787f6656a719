-- One row per posting of cash in a period and contact before it (or none), by days before and by which contacts count: what each is credited.
with

windows as (
    select
        *,
    from (values ('7', 7), ('14', 14), ('30', 30), ('60', 60)) as windows (touch_window, touch_days)
    cross join (values ('any'), ('reached')) as rules (touch_rule)
),

chosen_cash as (
    select
        *,
        (net_amount < 0) as is_negative,
        in_cents(abs(net_amount)) as cents,
    from relation.cash
    where net_amount != 0
),

counted as (
    select
        chosen_cash.*,
        windows.*,
        case windows.touch_rule
            when 'any' then case windows.touch_days when 7 then totals.any_number_7 when 14 then totals.any_number_14 when 30 then totals.any_number_30 when 60 then totals.any_number_60 end
            else case windows.touch_days when 7 then totals.reached_number_7 when 14 then totals.reached_number_14 when 30 then totals.reached_number_30 when 60 then totals.reached_number_60 end
        end as touch_count,
        case windows.touch_rule
            when 'any' then case windows.touch_days when 7 then totals.any_weight_7 when 14 then totals.any_weight_14 when 30 then totals.any_weight_30 when 60 then totals.any_weight_60 end
            else case windows.touch_days when 7 then totals.reached_weight_7 when 14 then totals.reached_weight_14 when 30 then totals.reached_weight_30 when 60 then totals.reached_weight_60 end
        end as weight_count,
    from chosen_cash
    inner join model.touch_totals as totals on chosen_cash.posting_key = totals.posting_key
    cross join windows
),

placed as (
    select
        counted.*,
        touches.channel,
        touches.age_days,
        touches.weight,
        case counted.touch_rule when 'any' then touches.any_place else touches.reached_place end as place,
        case counted.touch_rule when 'any' then touches.any_run else touches.reached_run end as run,
        case counted.touch_rule when 'any' then touches.any_next else touches.reached_next end as next_channel,
    from counted
    inner join model.paid_touches as touches
        on counted.posting_key = touches.posting_key and touches.age_days <= counted.touch_days
    where counted.touch_rule = 'any' or touches.reached_place is not null
),

shared as (
    select
        *,
        case when next_channel = '' then 'payment' else next_channel end as next_step,
        case when place = 1 then cents else 0 end as last_cents,
        case when place = touch_count then cents else 0 end as first_cents,
        dealt(cents, place, touch_count) - dealt(cents, place - 1, touch_count) as linear_cents,
        dealt(cents, run, weight_count) - dealt(cents, run - weight, weight_count) as decay_cents,
        case when is_negative then 0 else 1 end as step_count,
        case when place = touch_count and not is_negative then 1 else 0 end as start_count,
        case when place = 1 and not is_negative then 1 else 0 end as payment_count,
    from placed
    union all by name
    select
        *,
        'none' as channel,
        cast(null as tinyint) as age_days,
        '' as next_step,
        cents as last_cents,
        cents as first_cents,
        cents as linear_cents,
        cents as decay_cents,
        0 as step_count,
        0 as start_count,
        case when is_negative then 0 else 1 end as payment_count,
    from counted
    where touch_count = 0
)

select
    *,
    signed(is_negative, last_cents) as last_amount,
    signed(is_negative, first_cents) as first_amount,
    signed(is_negative, linear_cents) as linear_amount,
    signed(is_negative, decay_cents) as decay_amount,
from shared
