-- One row per case and month that opens with it, with what contact did in the month. A view: case_months and touch_months side by side.
create view model.reach as
select
    case_months.case_key,
    case_months.month,
    case_months.month_number,
    case_months.is_closing,
    case_months.bucket,
    case_months.team,
    case_months.collector_id,
    case_months.agency,
    case_months.product,
    case_months.region,
    case_months.batch,
    case_months.placement_number,
    case_months.strategy,
    case_months.age_band,
    case_months.placed_month,
    case_months.case_count,
    coalesce(touch_months.attempt_count, 0) as attempt_count,
    flag(touch_months.attempt_count > 0) as attempted_count,
    flag(touch_months.live_count > 0) as live_attempted_count,
    coalesce(touch_months.connected_count, 0) as connected_case_count,
    coalesce(touch_months.right_party_count, 0) as right_party_case_count,
    flag(
        is_lost(
            touch_months.live_count, touch_months.last_live_on - touch_months.first_live_on, touch_months.connected_count,
            touch_months.inbound_count
        )
    ) as lost_count,
from model.case_months as case_months
left join model.touch_months as touch_months
    on case_months.case_key = touch_months.case_key and case_months.month_number = touch_months.month_number
where not case_months.is_closing
