-- One row per case open when a period of several whole months begins, with what contact did in the period: from the months' own counts.
with

touched as (
    select
        period.period,
        touches.case_key,
        sum(touches.attempt_count) as attempt_count,
        sum(touches.live_count) as live_count,
        max(touches.connected_count) as connected_count,
        max(touches.right_party_count) as right_party_count,
        max(touches.inbound_count) as inbound_count,
        max(touches.last_live_on) - min(touches.first_live_on) as live_span_days,
    from model.touch_months as touches
    inner join model.case_months as opening on touches.case_key = opening.case_key
    inner join period
        on opening.month = period.start_on
        and touches.month_number >= month_number(period.start_on) and touches.month_number <= month_number(period.until_on)
    group by period.period, touches.case_key
)

select
    period.period,
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
    coalesce(touched.attempt_count, 0) as attempt_count,
    flag(touched.attempt_count > 0) as attempted_count,
    flag(touched.live_count > 0) as live_attempted_count,
    coalesce(touched.connected_count, 0) as connected_case_count,
    coalesce(touched.right_party_count, 0) as right_party_case_count,
    flag(
        touched.live_count >= lost_attempts() and touched.live_span_days >= lost_days() - 1
        and touched.connected_count = 0 and touched.inbound_count = 0
    ) as lost_count,
from model.case_months as stock
inner join period on stock.month = period.start_on
left join touched on stock.case_key = touched.case_key and period.period = touched.period
where not stock.is_closing
