-- One row per span of months that most ask for (model.spans) and group of cases open when it begins, with what contact did in the span: what
-- of several months no sum of months says, kept so that these periods cost what a month does.
create table model.reach_spans as
with

opened as (
    select
        spans.start_on,
        spans.last_month_number,
        stock.case_key,
        stock.bucket,
        stock.product,
        stock.region,
        stock.team,
    from model.case_months as stock
    inner join model.spans as spans on stock.month = spans.start_on
),

touched as (
    select
        opened.last_month_number,
        opened.start_on,
        opened.case_key,
        sum(touches.attempt_count) as attempt_count,
        sum(touches.live_count) as live_count,
        max(touches.connected_count) as connected_count,
        max(touches.right_party_count) as right_party_count,
        max(touches.inbound_count) as inbound_count,
        max(touches.last_live_on) - min(touches.first_live_on) as live_span_days,
    from opened
    inner join model.touch_months as touches
        on opened.case_key = touches.case_key
        and touches.month_number >= month_number(opened.start_on) and touches.month_number <= opened.last_month_number
    group by opened.last_month_number, opened.start_on, opened.case_key
)

select
    opened.start_on,
    opened.last_month_number,
    opened.bucket,
    opened.product,
    opened.region,
    opened.team,
    count(*) as case_count,
    cast(sum(coalesce(touched.attempt_count, 0)) as bigint) as attempt_count,
    sum(flag(touched.attempt_count > 0)) as attempted_count,
    sum(flag(touched.live_count > 0)) as live_attempted_count,
    sum(coalesce(touched.connected_count, 0)) as connected_case_count,
    sum(coalesce(touched.right_party_count, 0)) as right_party_case_count,
    sum(flag(is_lost(touched.live_count, touched.live_span_days, touched.connected_count, touched.inbound_count))) as lost_count,
from opened
left join touched
    on opened.start_on = touched.start_on and opened.last_month_number = touched.last_month_number and opened.case_key = touched.case_key
group by opened.start_on, opened.last_month_number, opened.bucket, opened.product, opened.region, opened.team
order by all
