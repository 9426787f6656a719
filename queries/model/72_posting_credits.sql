-- One row per posting of cash before whose value date (a reversal: its payment's) somebody had promised or talked: whose the last promise was
-- (its own collector, else who held the case when it was made), and who last talked with the debtor. For rules of credit (reports/credits.sql).
-- Of talks at one moment, as where a system tells no time of day, the one further down in the export is the last.
create table model.posting_credits as
with

credited as (
    select
        cash.posting_key,
        cash.case_key,
        coalesce(cash.touched_until_on, cash.paid_on) as credited_on,
    from model.cash as cash
    where cash.net_amount != 0 and cash.case_key is not null
),

promised as (
    select
        cases.case_key,
        cast(promises.made_at as date) as made_on,
        promises.made_at,
        promises.promise_id,
        coalesce(promises.collector_id, holders.collector_id) as collector_id,
    from export.promises as promises
    inner join model.cases as cases on promises.case_id = cases.case_id
    left join model.holders as holders
        on promises.case_id = holders.case_id
        and cast(promises.made_at as date) >= holders.from_on and cast(promises.made_at as date) <= holders.until_on
),

last_promised as (
    select
        credited.posting_key,
        max_by(promised.collector_id, (promised.made_at, promised.promise_id)) as collector_id,
        max(promised.made_on) as made_on,
    from credited
    inner join promised on credited.case_key = promised.case_key and promised.made_on <= credited.credited_on
    where promised.collector_id is not null
    group by credited.posting_key
),

talked as (
    select
        touches.case_key,
        touches.contacted_on,
        touches.started_at,
        touches.source_file,
        touches.source_line,
        touches.collector_id,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.debtor_talk_count > 0 and kinds.automated = 0 and touches.case_key is not null
),

last_talked as (
    select
        credited.posting_key,
        max_by(talked.collector_id, (talked.started_at, talked.source_file, talked.source_line)) as collector_id,
        max(talked.contacted_on) as talked_on,
    from credited
    inner join talked on credited.case_key = talked.case_key and talked.contacted_on <= credited.credited_on
    group by credited.posting_key
)

select
    coalesce(last_promised.posting_key, last_talked.posting_key) as posting_key,
    last_promised.collector_id as promised_id,
    last_promised.made_on as promised_on,
    last_talked.collector_id as talked_id,
    last_talked.talked_on,
from last_promised
full outer join last_talked on last_promised.posting_key = last_talked.posting_key
order by coalesce(last_promised.posting_key, last_talked.posting_key)
