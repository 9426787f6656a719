-- One row per collector (with $each: per posting and collector) and what of the net cash of a period a rule credits to them.
-- $rule: `value_date` who held the case; `promise` who held it when the last promise within $days before was made; `contact` who last spoke
-- with the debtor within $days; `split` who held it, sharing 70 to 30 with the one before where it came from there within $days.
-- Nobody found: the house. A reversal goes where its payment went. Shares of a posting add up to one, amounts to the cent.
with

chosen as (
    select
        posting_key,
        payment_id,
        net_amount,
        collector_id as holder,
        previous_id,
        held_from_on,
        coalesce(touched_until_on, paid_on) as credited_on,
    from model.cash
    where net_amount != 0 and paid_on >= $start and paid_on <= $until
        and ($product is null or list_contains($product, product))
        and ($region is null or list_contains($region, region))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($batch is null or list_contains($batch, batch))
),

found as (
    select
        *,
    from model.posting_credits
    where $rule = 'promise' or $rule = 'contact'
),

owned as (
    select
        chosen.*,
        case
            when $rule = 'promise' and found.promised_on > chosen.credited_on - cast($days as integer) then found.promised_id
            when $rule = 'contact' and found.talked_on > chosen.credited_on - cast($days as integer) then found.talked_id
            when $rule = 'value_date' or $rule = 'split' then chosen.holder
            else 'house'
        end as first_id,
        case
            when $rule = 'split' and chosen.holder != 'house' and chosen.previous_id != chosen.holder
                and date_diff('day', chosen.held_from_on, chosen.credited_on) < $days then chosen.previous_id
        end as second_id,
    from chosen
    left join found on chosen.posting_key = found.posting_key
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
