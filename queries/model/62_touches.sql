-- One row per contact (attempt or message) up to the as-of day, in the export's order: when, how, with whom, by whom, for which case.
-- Whose it is: its own collector, else the case's holder on the day, else the house. What it counts for stands with its kind, its case's
-- attributes with the case and the team with its collector, so that at a million cases its 20 million rows stay narrow; 63_contacts.sql puts
-- them together. This one pass over the contacts costs as much as all the rest of their model.
create table model.touches as
with

numbered as (
    select
        contacts.rowid as row_id,
        row_number() over (partition by cases.case_key order by contacts.started_at, contacts.source_file, contacts.source_line) as attempt_number,
    from export.contacts as contacts
    inner join model.cases as cases on contacts.case_id = cases.case_id
    where contacts.direction = 'outbound' and is_live(contacts.channel)
),

dated as (
    select
        *,
        cast(started_at as date) as contacted_on,
        -- keys that are null where there is nothing to look up
        case when collector_id is null then case_id end as unmanned_case_id,
        case when direction = 'outbound' and is_live(channel) then rowid end as live_row_id,
    from export.contacts
    where cast(started_at as date) <= as_of_day()
)

select
    cases.case_key,
    dated.contacted_on,
    cast(hour(dated.started_at) as tinyint) as hour,
    dated.started_at,
    contact_kind(
        dated.channel, dated.direction, dated.outcome, flag(dated.party = 'debtor'), flag(dated.duration_seconds >= contact_seconds()),
        flag(is_after_hours(dated.contacted_on, hour(dated.started_at))), flag(dated.collector_id is null)
    ) as kind,
    coalesce(dated.collector_id, holders.collector_id, 'house') as collector_id,
    case
        when cases.case_key is null then ''
        when case_months.bucket is not null then case_months.bucket
        when month_number(dated.contacted_on) <= cases.placed_month_number then 'new'
        else 'left'
    end as bucket,
    -- below 0: before its placement (least and greatest would make a number of nothing)
    case when cases.case_key is not null then
        cast(least(greatest(date_diff('day', cases.placed_on, dated.contacted_on), -32000), 32000) as smallint)
    end as placed_days,
    case when numbered.attempt_number is not null then cast(least(numbered.attempt_number, 32000) as smallint) end as attempt_number,
    cast(dated.duration_seconds as integer) as duration_seconds,
    dated.cost as cost_amount,
    -- who was talked with (1: debtor or guarantor, 2: somebody else, 0: not known), and 4 more where the number dialled is known
    cast(
        case when dated.party in ('debtor', 'guarantor') then 1 when dated.party in ('spouse', 'related', 'unrelated') then 2 else 0 end
        + case when dated.number_id is not null then 4 else 0 end as tinyint
    ) as marks,
    dated.source_file,
    dated.source_line,
from dated
left join model.cases as cases on dated.case_id = cases.case_id
left join model.holders as holders
    on dated.unmanned_case_id = holders.case_id
    and dated.contacted_on >= holders.from_on and dated.contacted_on <= holders.until_on
left join model.case_months as case_months
    on cases.case_key = case_months.case_key and month_number(dated.contacted_on) = case_months.month_number
left join numbered on dated.live_row_id = numbered.row_id
