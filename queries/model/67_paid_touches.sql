-- One row per posting of cash and contact made in the sixty days up to its payment (a reversal's: its payment's), from the last back.
-- Among all contacts (any_) and among those that arrived (reached_, null where this one didn't): its place, the weight run up to it, and the
-- channel of the touch after it (empty: the payment came next).
create table model.paid_touches as
with

sent as (
    select
        touches.case_key,
        kinds.channel,
        touches.started_at,
        touches.source_file,
        touches.source_line,
        touches.contacted_on,
        (kinds.reached_count = 1) as is_reached,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.attempt_count = 1 and touches.case_key is not null
),

paid as (
    select
        cash.posting_key,
        cash.case_key,
        cash.touched_until_on as until_on,
        cast(cash.touched_until_on - interval 60 day as date) as from_on,
    from model.cash as cash
    where cash.net_amount != 0 and cash.case_key is not null and cash.touched_until_on is not null
),

touched as (
    select
        paid.posting_key,
        sent.channel,
        sent.started_at,
        sent.source_file,
        sent.source_line,
        cast(date_diff('day', sent.contacted_on, paid.until_on) as tinyint) as age_days,
        sent.is_reached,
        decayed(date_diff('day', sent.contacted_on, paid.until_on)) as weight,
    from paid
    inner join sent
        on paid.case_key = sent.case_key and sent.contacted_on >= paid.from_on and sent.contacted_on <= paid.until_on
)

select
    posting_key,
    channel,
    age_days,
    cast(weight as smallint) as weight,
    cast(row_number() over earlier as smallint) as any_place,
    cast(sum(weight) over earlier as integer) as any_run,
    coalesce(lag(channel) over earlier, '') as any_next,
    case when is_reached then cast(sum(case when is_reached then 1 else 0 end) over earlier as smallint) end as reached_place,
    case when is_reached then cast(sum(case when is_reached then weight else 0 end) over earlier as integer) end as reached_run,
    case when is_reached then coalesce(lag(case when is_reached then channel end ignore nulls) over earlier, '') end as reached_next,
from touched
window
    earlier as (
        partition by posting_key
        order by started_at desc, source_file desc, source_line desc
        rows between unbounded preceding and current row
    )
order by posting_key, any_place
