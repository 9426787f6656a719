-- One row per posting of cash, rule of credit, days that it looks back and collector who is credited with it (or a share of it). A view.
-- `value_date` who held the case; `promise` who held it when the last promise within the days before was made; `contact` who last spoke with the
-- debtor within them; `split` who held it, sharing 70 to 30 with the one before where it came from there within them. Nobody found: the house.
-- A reversal goes where its payment went. Shares of a posting add up to one, amounts to the cent.
create view model.desk_credits as
with

windows as (
    select
        *,
    from (values ('7', 7), ('14', 14), ('30', 30), ('60', 60)) as windows (credit_days, days)
),

postings as (
    select
        posting_key,
        payment_id,
        case_key,
        paid_on,
        coalesce(touched_until_on, paid_on) as credited_on,
        product,
        region,
        bucket,
        batch,
        net_amount,
        collector_id,
        previous_id,
        held_from_on,
    from model.cash
    where net_amount != 0
),

found as (
    select
        postings.*,
        credits.promised_id,
        credits.promised_on,
        credits.talked_id,
        credits.talked_on,
    from postings
    left join model.posting_credits as credits on postings.posting_key = credits.posting_key
),

owned as (
    select
        postings.*,
        windows.credit_days,
        rules.credit_rule,
        postings.collector_id as first_id,
        case
            when rules.credit_rule = 'split' and postings.collector_id != 'house' and postings.previous_id != postings.collector_id
                and date_diff('day', postings.held_from_on, postings.credited_on) < windows.days then postings.previous_id
        end as second_id,
    from postings
    cross join windows
    cross join (values ('value_date'), ('split')) as rules (credit_rule)
    union all by name
    select
        found.*,
        windows.credit_days,
        rules.credit_rule,
        case
            when rules.credit_rule = 'promise' and found.promised_on > found.credited_on - windows.days then found.promised_id
            when rules.credit_rule = 'contact' and found.talked_on > found.credited_on - windows.days then found.talked_id
            else 'house'
        end as first_id,
    from found
    cross join windows
    cross join (values ('promise'), ('contact')) as rules (credit_rule)
)

select
    posting_key,
    payment_id,
    case_key,
    paid_on,
    product,
    region,
    bucket,
    batch,
    credit_days,
    credit_rule,
    first_id as collector_id,
    cast(case when second_id is null then 1 else 0.7 end as decimal(18, 2)) as posting_share,
    cast(case when second_id is null then net_amount else net_amount - round(net_amount * 0.3, 2) end as decimal(18, 2)) as credited_amount,
from owned
union all
select
    posting_key,
    payment_id,
    case_key,
    paid_on,
    product,
    region,
    bucket,
    batch,
    credit_days,
    credit_rule,
    second_id as collector_id,
    cast(0.3 as decimal(18, 2)) as posting_share,
    cast(round(net_amount * 0.3, 2) as decimal(18, 2)) as credited_amount,
from owned
where second_id is not null
