-- One row per case and channel of which its debtor opted out: when first.
create table model.stops as
select
    touches.case_key,
    kinds.channel,
    min(touches.started_at) as stopped_at,
from model.touches as touches
inner join model.contact_kinds as kinds on touches.kind = kinds.kind
where kinds.outcome = 'opted_out' and touches.case_key is not null
group by touches.case_key, kinds.channel
order by touches.case_key, kinds.channel
