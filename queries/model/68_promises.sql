-- One row per promise to pay by the setting in force on its due date: made when, by whom, on which channel, and what became of it.
create table model.promises as
with

judged as (
    select
        cash.*,
        settings.tolerance,
        case
            when cash.replaced_on is not null and cash.paid_amount < cash.amount * settings.tolerance then 'renegotiated'
            when cash.due_on + cash.grace_days > as_of_day() then 'undue'
            when cash.paid_amount >= cash.amount * settings.tolerance then 'kept'
            when cash.paid_amount > 0 then 'partly'
            else 'broken'
        end as promise_state,
    from model.promise_cash as cash
    inner join model.promise_settings as settings
        on cash.grace_days = settings.grace_days and cash.due_on >= settings.valid_from and cash.due_on < settings.valid_to
),

-- the day on which what had come was enough
fulfilled as (
    select
        judged.promise_id,
        min(days.paid_on) as kept_on,
    from judged
    inner join model.paid_days as days on judged.case_key = days.case_key and judged.made_on <= days.paid_on
    where judged.promise_state = 'kept' and days.until_amount >= judged.taken_from_amount + judged.amount * judged.tolerance
    group by judged.promise_id
),

again as (
    select
        later.promise_id,
    from judged as later
    inner join judged as earlier
        on later.case_key = earlier.case_key and earlier.made_on < later.made_on
        and date_diff('day', earlier.due_on, later.made_on) <= repromise_days()
    where earlier.promise_state in ('renegotiated', 'partly', 'broken')
    group by later.promise_id
),

said as (
    select
        contacts.contact_id,
        contacts.channel,
        contacts.collector_id,
    from export.contacts as contacts
    inner join (
        select contact_id from export.promises where contact_id is not null group by contact_id
    ) as promised on contacts.contact_id = promised.contact_id
)

select
    judged.promise_id,
    judged.case_key,
    cast(promises.made_at as date) as made_on,
    judged.due_on,
    judged.due_on > as_of_day() as is_ahead,
    judged.replaced_on,
    judged.grace_days,
    judged.tolerance,
    judged.promise_state,
    coalesce(said.channel, '') as channel,
    case
        when coalesce(promises.collector_id, said.collector_id) is not null then 'human'
        when said.channel is not null then 'automated'
        else ''
    end as automation,
    case
        when coalesce(promises.collector_id, said.collector_id) is not null then coalesce(collectors.team, '')
        else coalesce(holders.team, 'house')
    end as team,
    coalesce(promises.collector_id, said.collector_id, holders.collector_id, 'house') as collector_id,
    case
        when coalesce(promises.collector_id, said.collector_id) is not null then coalesce(collectors.agency, '')
        else coalesce(holders.agency, '')
    end as agency,
    coalesce(made_month.bucket, case when month_number(judged.made_on) <= cases.placed_month_number then 'new' else 'left' end) as bucket,
    coalesce(due_month.bucket, case when month_number(judged.due_on) <= cases.placed_month_number then 'new' else 'left' end) as due_bucket,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    judged.amount as promised_amount,
    judged.paid_amount,
    fulfilled.kept_on,
    case when fulfilled.kept_on > judged.due_on then date_diff('day', judged.due_on, fulfilled.kept_on) end as late_days,
    1 as promise_count,
    flag(judged.promise_state in ('kept', 'partly', 'broken')) as matured_count,
    flag(judged.promise_state = 'kept') as kept_count,
    flag(fulfilled.kept_on is not null and fulfilled.kept_on > judged.due_on) as late_count,
    flag(judged.promise_state = 'partly') as partly_count,
    flag(judged.promise_state = 'broken') as broken_count,
    flag(judged.promise_state = 'renegotiated') as renegotiated_count,
    flag(judged.promise_state = 'undue') as undue_count,
    flag(again.promise_id is not null) as again_count,
    cast(case when judged.promise_state in ('kept', 'partly', 'broken') then judged.amount else 0 end as decimal(18, 2)) as matured_amount,
    cast(case when judged.promise_state in ('kept', 'partly', 'broken') then judged.paid_amount else 0 end as decimal(18, 2))
        as matured_paid_amount,
    cast(case when judged.promise_state in ('partly', 'broken') then judged.amount else 0 end as decimal(18, 2)) as unkept_amount,
    cast(case when judged.promise_state in ('partly', 'broken') then judged.amount - judged.paid_amount else 0 end as decimal(18, 2))
        as shortfall_amount,
    promises.source_file,
    promises.source_line,
from judged
inner join export.promises as promises on judged.promise_id = promises.promise_id
inner join model.cases as cases on judged.case_key = cases.case_key
left join fulfilled on judged.promise_id = fulfilled.promise_id
left join again on judged.promise_id = again.promise_id
left join said on promises.contact_id = said.contact_id
left join export.collectors as collectors on coalesce(promises.collector_id, said.collector_id) = collectors.collector_id
left join model.holders as holders
    on promises.case_id = holders.case_id and judged.made_on >= holders.from_on and judged.made_on <= holders.until_on
left join model.case_months as made_month
    on judged.case_key = made_month.case_key and month_number(judged.made_on) = made_month.month_number
left join model.case_months as due_month
    on judged.case_key = due_month.case_key and month_number(judged.due_on) = due_month.month_number
order by judged.due_on, judged.promise_id
