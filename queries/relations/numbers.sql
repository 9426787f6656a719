-- One row per number that we tried in a period: whether it works by what was last found on it, and whose last attempt that was.
-- It doesn't if the last attempt ended as not in service or undelivered, or the last conversation on it was with somebody unrelated.
with

tried as (
    select
        period.period,
        contacts.number_id,
        (contacts.started_at, contacts.contact_id) as moment,
        struct_pack(
            case_id := contacts.case_id, started_at := contacts.started_at, channel := contacts.channel, outcome := contacts.outcome,
            collector_id := contacts.collector_id, source_file := contacts.source_file, source_line := contacts.source_line
        ) as attempt,
        case when is_conversation(contacts.outcome) then coalesce(contacts.party, '') = 'unrelated' end as is_wrong,
    from export.contacts as contacts
    inner join period on contacts.started_at >= period.start_on and contacts.started_at < period.until_on + 1
    where contacts.direction = 'outbound' and has_number(contacts.channel) and contacts.number_id is not null
),

numbers as (
    select
        period,
        number_id,
        unnest(max_by(attempt, moment)),
        coalesce(max_by(is_wrong, moment) filter (where is_wrong is not null), false) as is_wrong,
    from tried
    group by period, number_id
),

-- whose an attempt is: as of all contacts (model.touches)
held as (
    select
        numbers.*,
        cast(numbers.started_at as date) as contacted_on,
        case when numbers.collector_id is null then 'automated' else 'human' end as automation,
        coalesce(numbers.collector_id, holders.collector_id, 'house') as held_by,
    from numbers
    left join model.holders as holders
        on numbers.collector_id is null and numbers.case_id = holders.case_id
        and cast(numbers.started_at as date) >= holders.from_on and cast(numbers.started_at as date) <= holders.until_on
)

select
    held.period,
    cases.case_key,
    held.contacted_on,
    held.started_at,
    held.channel,
    held.outcome,
    held.automation,
    held.held_by as collector_id,
    case when held.held_by = 'house' then 'house' else coalesce(collectors.team, '') end as team,
    coalesce(collectors.agency, '') as agency,
    case
        when cases.case_key is null then ''
        when case_months.bucket is not null then case_months.bucket
        when month_number(held.contacted_on) <= cases.placed_month_number then 'new'
        else 'left'
    end as bucket,
    coalesce(cases.product, '') as product,
    coalesce(cases.region, '') as region,
    coalesce(cases.batch, '') as batch,
    coalesce(cases.placement_number, '') as placement_number,
    coalesce(cases.strategy, '') as strategy,
    coalesce(cases.age_band, '') as age_band,
    cases.placed_month,
    1 as tried_count,
    flag(not is_bad_number(held.outcome) and not held.is_wrong) as working_count,
    held.source_file,
    held.source_line,
from held
left join model.cases as cases on held.case_id = cases.case_id
left join export.collectors as collectors on held.held_by = collectors.collector_id
left join model.case_months as case_months
    on cases.case_key = case_months.case_key and month_number(held.contacted_on) = case_months.month_number
