-- One row per collector (with $each: per posting and collector) and what of the net cash of a period a rule credits to them.
-- $rule: `value_date` who held the case; `promise` who held it when the last promise within $days before was made; `contact` who last spoke
-- with the debtor within $days; `split` who held it, sharing 70 to 30 with the one before where it came from there within $days.
-- Nobody found: the house. A reversal goes where its payment went. Shares of a posting add up to one, amounts to the cent.
with

chosen as (
    select
        cash.payment_id,
        cash.case_key,
        cash.net_amount,
        cash.collector_id as holder,
        coalesce(original.paid_on, cash.paid_on) as credited_on,
    from model.cash as cash
    inner join export.payments as own on cash.payment_id = own.payment_id
    left join export.payments as original on own.kind = 'reversal' and own.reverses = original.payment_id and original.kind = 'payment'
    where cash.net_amount != 0 and cash.paid_on >= $start and cash.paid_on <= $until
        and ($product is null or list_contains($product, cash.product))
        and ($region is null or list_contains($region, cash.region))
        and ($bucket is null or list_contains($bucket, cash.bucket))
        and ($batch is null or list_contains($batch, cash.batch))
),

held as (
    select
        cases.case_key,
        holders.collector_id,
        holders.from_on,
        holders.until_on,
        lag(holders.collector_id) over (partition by holders.case_id order by holders.from_on) as before_id,
    from model.holders as holders
    inner join model.cases as cases on holders.case_id = cases.case_id
    where cases.case_key in (select case_key from chosen)
),

promised as (
    select
        chosen.payment_id,
        max_by(coalesce(promises.collector_id, held.collector_id), promises.made_at) as collector_id,
    from chosen
    inner join model.cases as cases on chosen.case_key = cases.case_key
    inner join export.promises as promises
        on cases.case_id = promises.case_id and cast(promises.made_at as date) <= chosen.credited_on
        and cast(promises.made_at as date) > chosen.credited_on - cast($days as integer)
    left join held
        on chosen.case_key = held.case_key and cast(promises.made_at as date) >= held.from_on and cast(promises.made_at as date) <= held.until_on
    where $rule = 'promise'
    group by chosen.payment_id
),

talked as (
    select
        chosen.payment_id,
        max_by(contacts.collector_id, contacts.started_at) as collector_id,
    from chosen
    inner join model.contacts as contacts
        on chosen.case_key = contacts.case_key and contacts.contacted_on <= chosen.credited_on
        and contacts.contacted_on > chosen.credited_on - cast($days as integer)
    where $rule = 'contact' and contacts.debtor_talk_count > 0 and contacts.automation = 'human'
        and contacts.contacted_on >= (select min(earliest.credited_on) from chosen as earliest) - cast($days as integer) and contacts.contacted_on <= $until
    group by chosen.payment_id
),

owned as (
    select
        chosen.*,
        case $rule
            when 'promise' then coalesce(promised.collector_id, 'house')
            when 'contact' then coalesce(talked.collector_id, 'house')
            else chosen.holder
        end as first_id,
        case
            when $rule = 'split' and chosen.holder != 'house' and held.before_id != held.collector_id
                and date_diff('day', held.from_on, chosen.credited_on) < $days then held.before_id
        end as second_id,
    from chosen
    left join promised on chosen.payment_id = promised.payment_id
    left join talked on chosen.payment_id = talked.payment_id
    left join held
        on chosen.case_key = held.case_key and chosen.credited_on >= held.from_on and chosen.credited_on <= held.until_on
),

shared as (
    select
        payment_id,
        first_id as collector_id,
        cast(case when second_id is null then 1 else 0.7 end as decimal(18, 2)) as share,
        cast(case when second_id is null then net_amount else net_amount - round(net_amount * 0.3, 2) end as decimal(18, 2)) as net_amount,
    from owned
    union all
    select
        payment_id,
        second_id as collector_id,
        cast(0.3 as decimal(18, 2)) as share,
        cast(round(net_amount * 0.3, 2) as decimal(18, 2)) as net_amount,
    from owned
    where second_id is not null
)

select
    case when $each then payment_id end as payment_id,
    collector_id,
    sum(share) as payments,
    sum(net_amount) as net_amount,
from shared
group by all
order by all
