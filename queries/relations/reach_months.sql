-- One row per case open when a period of several whole months begins, with what contact did in the period: from the cases' calendars.
with

spans as (
    select
        *,
        month_bits(start_on, until_on) as months,
    from period
),

-- only of those whom nobody reached or heard of have the attempts to be counted
silent as (
    select
        spans.period,
        spans.start_on,
        spans.until_on,
        calendars.case_key,
    from model.touch_calendars as calendars
    cross join spans
    where
        is_marked(calendars.live_months, spans.months)
        and not is_marked(calendars.connected_months, spans.months) and not is_marked(calendars.inbound_months, spans.months)
),

lost as (
    select
        silent.period,
        silent.case_key,
    from silent
    inner join model.touch_months as touches
        on silent.case_key = touches.case_key
        and touches.month_number >= month_number(silent.start_on) and touches.month_number <= month_number(silent.until_on)
    group by silent.period, silent.case_key
    having is_lost(sum(touches.live_count), max(touches.last_live_on) - min(touches.first_live_on), 0, 0)
)

select
    spans.period,
    stock.case_key,
    stock.bucket,
    stock.team,
    stock.collector_id,
    stock.agency,
    stock.product,
    stock.region,
    stock.batch,
    stock.placement_number,
    stock.strategy,
    stock.age_band,
    stock.placed_month,
    stock.case_count,
    flag(is_marked(calendars.attempted_months, spans.months)) as attempted_count,
    flag(is_marked(calendars.live_months, spans.months)) as live_attempted_count,
    flag(is_marked(calendars.connected_months, spans.months)) as connected_case_count,
    flag(is_marked(calendars.right_party_months, spans.months)) as right_party_case_count,
    flag((spans.period, stock.case_key) in (select (period, case_key) from lost)) as lost_count,
from model.case_months as stock
inner join spans on stock.month = spans.start_on
left join model.touch_calendars as calendars on stock.case_key = calendars.case_key
where not stock.is_closing
