-- One row per case open when a period begins, on whatever day it does and however long it is, with what contact did in the period.
with

touched as (
    select
        period.period,
        touches.case_key,
        sum(kinds.attempt_count) as attempt_count,
        sum(kinds.live_count) as live_count,
        max(kinds.connected_count) as connected_count,
        max(kinds.debtor_talk_count) as right_party_count,
        max(kinds.inbound_count) as inbound_count,
        date_diff(
            'day', min(touches.contacted_on) filter (where kinds.live_count = 1), max(touches.contacted_on) filter (where kinds.live_count = 1)
        ) as live_span_days,
    from model.touches as touches
    inner join period on touches.contacted_on >= period.start_on and touches.contacted_on <= period.until_on
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where touches.case_key is not null
    group by period.period, touches.case_key
)

select
    period.period,
    positions.case_key,
    edges.bucket,
    coalesce(holders.team, 'house') as team,
    coalesce(holders.collector_id, 'house') as collector_id,
    coalesce(holders.agency, '') as agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    1 as case_count,
    coalesce(touched.attempt_count, 0) as attempt_count,
    flag(touched.attempt_count > 0) as attempted_count,
    flag(touched.live_count > 0) as live_attempted_count,
    coalesce(touched.connected_count, 0) as connected_case_count,
    coalesce(touched.right_party_count, 0) as right_party_case_count,
    flag(is_lost(touched.live_count, touched.live_span_days, touched.connected_count, touched.inbound_count)) as lost_count,
from model.positions as positions
inner join period on positions.known_on < period.start_on and positions.until_on >= period.start_on
inner join model.cases as cases on positions.case_key = cases.case_key
inner join model.bucket_edges as edges
    on period.start_on >= edges.valid_from and period.start_on < edges.valid_to
    and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) >= edges.low
    and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) <= edges.high
left join model.holders as holders
    on cases.case_id = holders.case_id and period.start_on >= holders.from_on and period.start_on <= holders.until_on
left join touched on positions.case_key = touched.case_key and period.period = touched.period
