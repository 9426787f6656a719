-- One row per case open when a period of several whole months begins, with what contact did in the period: from the cases' calendars.
with

spans as (
    select
        *,
        month_bits(start_on, until_on) as months,
    from period
),

marked as (
    select
        spans.period,
        spans.start_on,
        spans.until_on,
        stock.*,
        is_marked(calendars.attempted_months, spans.months) as is_attempted,
        is_marked(calendars.live_months, spans.months) as is_live,
        is_marked(calendars.connected_months, spans.months) as is_connected,
        is_marked(calendars.right_party_months, spans.months) as is_right_party,
        is_marked(calendars.inbound_months, spans.months) as is_inbound,
    from model.case_months as stock
    inner join spans on stock.month = spans.start_on
    left join model.touch_calendars as calendars on stock.case_key = calendars.case_key
    where not stock.is_closing
),

-- only of those whom nobody reached or heard of have the attempts to be counted
lost as (
    select
        marked.period,
        marked.case_key,
    from marked
    inner join model.touch_months as touches
        on marked.case_key = touches.case_key
        and touches.month_number >= month_number(marked.start_on) and touches.month_number <= month_number(marked.until_on)
    where marked.is_live and not marked.is_connected and not marked.is_inbound
    group by marked.period, marked.case_key
    having is_lost(sum(touches.live_count), max(touches.last_live_on) - min(touches.first_live_on), 0, 0)
)

select
    marked.*,
    flag(marked.is_attempted) as attempted_count,
    flag(marked.is_live) as live_attempted_count,
    flag(marked.is_connected) as connected_case_count,
    flag(marked.is_right_party) as right_party_case_count,
    flag((marked.period, marked.case_key) in (select (period, case_key) from lost)) as lost_count,
from marked
