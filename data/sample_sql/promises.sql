-- Promises to pay, each with the conversation it was made in (contact slots 90-92); then opt-outs and the final contacts.
create table promise as
with base as (
    select
        t.*,
        least(getvariable('end_on') - start_on, coalesce(close_off, 29)) as stop_off,
        paid and pay_off >= 1 and pay > 0 and not on_plan and not cured and u(pk, 'ptp') < 0.55 as with_promise,
        greatest(0, pay_off - 1 - floor(u(pk, 'ptp_made') * 6)::integer) as made_main,
        u(pk, 'ptp_end') as u_end,
    from trail as t
    where not (k = 0 and arm = 'holdout')
),

drafts as (
    select
        case_no, k, pk, seat, start_on, 90 as j, made_main as made_off,
        case when u_end < 0.78 then pay_off + floor(u(pk, 'slack') * 3)::integer when u_end < 0.90 then greatest(made_main, pay_off - 1) else pay_off + 1 end as due_off,
        case when u_end < 0.90 then pay else least(bal_f, pay + greatest(10000, round(pay * 0.0005)::bigint * 1000)) end as cents,
    from base where with_promise
    union all
    -- broken first, promised again
    select
        case_no, k, pk, seat, start_on, 91, greatest(0, made_main - 6), made_main - 1, pay,
    from base where with_promise and made_main >= 3 and u(pk, 'again') < 0.30
    union all
    select
        case_no, k, pk, seat, start_on, 92, floor(u(pk, 'broken_off') * 26)::integer,
        floor(u(pk, 'broken_off') * 26)::integer + 2 + floor(u(pk, 'broken_due') * 7)::integer,
        least(bal_f, greatest(10000, round(inst_cents * (0.5 + 0.8 * u(pk, 'broken_size')) / 1000)::bigint * 1000)),
    from base
    where not paid and not on_plan and not cured and bal_f > 0 and floor(u(pk, 'broken_off') * 26) < stop_off
        and u(pk, 'broken') < [0.13, 0.12, 0.09, 0.06, 0.045, 0.04, 0.03][greatest(1, bucket)]
)

select
    (d.case_no * 100 + d.k) * 100 + d.j as contact_no, d.case_no, d.k, d.start_on + d.made_off as made_on, d.start_on + d.due_off as due_on, d.cents,
    -- clock of the conversation, seconds of the day
    (32400 + floor(u(d.pk * 128 + d.j, 'clock') * 36000))::integer as clock,
    case when u(d.pk * 128 + d.j, 'by') < 0.82 then 'phone' when u(d.pk * 128 + d.j, 'by') < 0.92 then 'social' else 'bot' end as channel,
    o.collector_no,
from drafts as d
inner join occupant as o on d.seat = o.seat and d.start_on + d.made_off between o.from_on and o.to_on
left join closing as c on d.case_no = c.case_no
where d.start_on + d.made_off <= least(getvariable('end_on'), coalesce(c.closed_on, getvariable('end_on'))) and d.cents > 0;

insert into contact_raw
select
    contact_no, case_no, k, made_on + to_seconds(clock), channel, false, 'conversation', 'debtor',
    case when channel != 'bot' then collector_no end,
    case when channel = 'social' then null else 90 + floor(-ln(1 - u(contact_no, 'talk')) * 150)::integer end, false,
from promise;

create table opt_out as
select case_no, channel, min(started_at) as opted_at from contact_raw where outcome = 'opted_out' and not inbound group by all;

-- after an opt-out nothing automated follows on the channel, but for about 3 in 100 (a breach to be found)
create view contact as
select
    r.*,
    (case r.channel
        when 'phone' then 8 + r.seconds // 5 when 'bot' then 6 + r.seconds // 8 when 'sms' then 5 when 'email' then 1 when 'social' then 2
        when 'letter' then 650 when 'visit' then 8000 else 1
    end)::bigint as cost_cents,
from contact_raw as r left join opt_out as x on r.case_no = x.case_no and r.channel = x.channel
where x.opted_at is null or r.started_at <= x.opted_at or r.collector_no is not null or r.inbound or r.contact_no % 100 >= 90
    or u(r.contact_no, 'ignored') < 0.03;
