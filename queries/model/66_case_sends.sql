-- One row per case of an arm and channel: contacts of ours in the case's first 30, 60 and 90 days.
create table model.case_sends as
with

channels as (
    select
        channel,
        cast(row_number() over (order by channel) as smallint) as channel_number,
    from model.contact_kinds
    group by channel
),

kinds as (
    select
        kinds.kind,
        channels.channel_number,
    from model.contact_kinds as kinds
    inner join channels on kinds.channel = channels.channel
    where kinds.attempt_count = 1
),

-- numbers instead of names: what is put together is millions of contacts
sent as (
    select
        touches.case_key,
        kinds.channel_number,
        cast(count(case when touches.placed_days < 30 then 1 end) as integer) as sent_30_count,
        cast(count(case when touches.placed_days < 60 then 1 end) as integer) as sent_60_count,
        cast(count(*) as integer) as sent_90_count,
    from model.touches as touches
    inner join kinds on touches.kind = kinds.kind
    where touches.placed_days >= 0 and touches.placed_days < 90
    group by touches.case_key, kinds.channel_number
)

select
    sent.case_key,
    channels.channel,
    sent.sent_30_count,
    sent.sent_60_count,
    sent.sent_90_count,
from sent
inner join channels on sent.channel_number = channels.channel_number
inner join model.cases as cases on sent.case_key = cases.case_key
where cases.strategy != ''
order by sent.case_key, channels.channel
