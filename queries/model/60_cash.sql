-- One row per posting: what of it is cash, who held the case at its value date (a reversal: at its payment's), and the bucket its case was
-- in when the month of its value date began. previous_: who held it before that holder (model.holders); own_id: the collector on the posting.
create table model.cash as
with

dated as (
    select
        payments.payment_id,
        payments.case_id,
        payments.paid_on,
        payments.posted_on,
        payments.kind,
        payments.status,
        payments.method,
        payments.amount,
        payments.copies,
        payments.collector_id,
        payments.reverses,
        payments.source_file,
        payments.source_line,
        coalesce(original.paid_on, payments.paid_on) as credited_on,
        case when payments.kind = 'reversal' then original.paid_on else payments.paid_on end as touched_until_on,
    from export.payments as payments
    left join export.payments as original
        on payments.kind = 'reversal' and payments.reverses = original.payment_id and original.kind = 'payment'
),

postings as (
    select
        dated.payment_id,
        cases.case_key,
        dated.paid_on,
        dated.posted_on,
        dated.touched_until_on,
        month_number(dated.paid_on) as month_number,
        dated.kind,
        coalesce(dated.method, '') as method,
        cast(case when dated.kind = 'payment' then dated.amount * dated.copies else 0 end as decimal(18, 2)) as exported_amount,
        cast(case when dated.kind = 'payment' then dated.amount * (dated.copies - 1) else 0 end as decimal(18, 2)) as duplicate_amount,
        cast(case when dated.kind = 'payment' and not is_posted(dated.status) then dated.amount else 0 end as decimal(18, 2)) as unposted_amount,
        gross_of(dated.kind, dated.status, dated.amount) as gross_amount,
        case when gross_of(dated.kind, dated.status, dated.amount) > 0 then 1 else 0 end as posted_count,
        reversed_of(dated.kind, dated.status, dated.amount) as reversed_amount,
        net_of(dated.kind, dated.status, dated.amount) as net_amount,
        cast(case when dated.kind = 'waiver' and is_posted(dated.status) then dated.amount else 0 end as decimal(18, 2)) as waived_amount,
        cast(case when dated.kind = 'fee' and is_posted(dated.status) then dated.amount else 0 end as decimal(18, 2)) as fee_amount,
        coalesce(cases.product, '') as product,
        coalesce(cases.region, '') as region,
        coalesce(cases.batch, '') as batch,
        coalesce(cases.placement_number, '') as placement_number,
        coalesce(cases.strategy, '') as strategy,
        coalesce(cases.age_band, '') as age_band,
        coalesce(cases.score_band, '') as score_band,
        cases.placed_month,
        cases.placed_on,
        greatest(month_number(dated.paid_on) - cases.placed_month_number, 0) as months_since_placement,
        coalesce(holders.team, 'house') as team,
        coalesce(holders.collector_id, 'house') as collector_id,
        coalesce(holders.agency, '') as agency,
        holders.from_on as held_from_on,
        holders.previous_id,
        holders.previous_until_on,
        dated.collector_id as own_id,
        dated.reverses,
        dated.source_file,
        dated.source_line,
    from dated
    left join model.cases as cases on dated.case_id = cases.case_id
    left join model.holders as holders
        on dated.case_id = holders.case_id and dated.credited_on >= holders.from_on and dated.credited_on <= holders.until_on
)

select
    -- a posting that is known keeps its number
    coalesce(
        known.posting_key,
        last_keys.posting_key + row_number() over (partition by known.posting_key is null order by postings.paid_on, postings.payment_id)
    ) as posting_key,
    postings.*,
    case
        when postings.case_key is null then ''
        when case_months.bucket is not null then case_months.bucket
        when postings.months_since_placement = 0 then 'new'
        else 'left'
    end as bucket,
from postings
cross join model.last_keys as last_keys
left join model.known_postings as known on postings.payment_id = known.payment_id
left join model.case_months as case_months
    on postings.case_key = case_months.case_key and postings.month_number = case_months.month_number
-- months of pay are read in this order
order by postings.month_number, postings.payment_id
