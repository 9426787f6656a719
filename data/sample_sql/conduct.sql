-- Follow-ups, complaints, reviews, attendance and trainings: what hangs on cases, contacts and collectors.
create table followup as
select
    t.case_no * 100 + t.k as followup_no, t.case_no, t.pk, t.paid, t.bucket, h.collector_no,
    t.start_on + floor(u(t.pk, 'follow_off') * 24)::integer as planned_on,
    case when u(t.pk, 'follow_done') < 0.84
        then t.start_on + floor(u(t.pk, 'follow_off') * 24)::integer + [0, 0, 0, 1, 2, 4][1 + floor(u(t.pk, 'follow_late') * 6)::integer]
    end as drafted_on,
    coalesce(c.closed_on, getvariable('end_on')) as closed_on,
from trail as t
inner join holding as h on t.case_no = h.case_no and t.start_on + floor(u(t.pk, 'follow_off') * 24)::integer between h.from_on and h.to_on
left join closing as c on t.case_no = c.case_no
where not t.cured and u(t.pk, 'follow') < 0.15
    and t.start_on + floor(u(t.pk, 'follow_off') * 24)::integer <= least(getvariable('end_on'), coalesce(c.closed_on, getvariable('end_on')));

-- about 0.5 per 1,000 contacts, by channel, party and the collector's conduct; received up to 20 days after the incident, still before closing
create table complaint as
select
    k.contact_no, k.case_no, k.collector_no, k.started_at::date as incident_on, k.channel, k.burst,
    k.started_at + to_seconds((3600 + floor(u(k.contact_no, 'received') * 20 * 86400))::integer) as received_at,
    u(k.contact_no, 'upheld') < case when k.burst then 0.75 when k.party in ('related', 'unrelated') then 0.55 else 0.22 end as upheld,
    case
        when k.burst then '频繁骚扰 Excessive frequency'
        when k.party in ('related', 'unrelated') then '联系第三人 Third-party contact'
        else ['言语不当 Abusive language', '频繁骚扰 Excessive frequency', '信息泄露 Data disclosure', '金额争议 Disputed amount', '不当时段 Unsuitable hours'][
            1 + floor(u(k.contact_no, 'category') * 5)::integer]
    end as category,
from contact as k
left join occupant as o on k.collector_no = o.collector_no
left join closing as c on k.case_no = c.case_no
where not k.inbound
    and u(k.contact_no, 'complain') < 0.0005 * exp(0.45 * coalesce(o.conduct, 0))
        * case k.channel when 'phone' then 1 when 'visit' then 4 when 'bot' then 1.2 when 'social' then 0.8 when 'sms' then 0.35 else 0.2 end
        * case when k.burst then 30 when k.party in ('related', 'unrelated') then 5 else 1 end
    and (k.started_at + to_seconds((3600 + floor(u(k.contact_no, 'received') * 20 * 86400))::integer))::date
        <= least(getvariable('end_on'), coalesce(c.closed_on, getvariable('end_on')));

-- two strata: collectors in their first 180 days are sampled at 6%, the others at 1.5%; weight = 1 / probability
create table review as
select
    k.contact_no, k.collector_no, k.started_at::date + 1 + floor(u(k.contact_no, 'review_on') * 5)::integer as reviewed_on,
    case when k.started_at::date < o.hired_on + 180 then 0.06 else 0.015 end as probability,
    least(100, greatest(20, round(88 + 6 * z(k.contact_no, 'mark') - 4 * o.conduct - case when k.started_at::date < o.hired_on + 90 then 4 else 0 end, 1))) as score,
    u(k.contact_no, 'critical') < 0.012 * exp(0.5 * o.conduct) as critical,
from contact as k
inner join occupant as o on k.collector_no = o.collector_no
left join closing as c on k.case_no = c.case_no
where k.channel = 'phone' and k.outcome = 'conversation'
    and u(k.contact_no, 'review') < case when k.started_at::date < o.hired_on + 180 then 0.06 else 0.015 end
    and k.started_at::date + 1 + floor(u(k.contact_no, 'review_on') * 5)::integer <= least(getvariable('end_on'), o.to_on, coalesce(c.closed_on, getvariable('end_on')));

create table attendance as
with worked as (
    select o.collector_no, d.day_on, d.working, o.collector_no * 100000 + (d.day_on - date '2000-01-01') as ak
    from occupant as o inner join day as d
        on d.day_on between greatest(o.hired_on, getvariable('first_on')) and least(o.to_on, getvariable('end_on'))
    where d.working or u(o.collector_no * 100000 + (d.day_on - date '2000-01-01'), 'weekend') < 0.06
),

left_out as (
    select
        *,
        case when not working then null
            when u(ak, 'leave') < 0.025 then '年假 Annual leave' when u(ak, 'leave') < 0.037 then '病假 Sick leave' when u(ak, 'leave') < 0.042 then '事假 Personal leave'
        end as leave,
        5.5 + 1.8 * u(ak, 'hours') as hours,
    from worked
)

select
    collector_no, day_on, leave,
    (case when leave is null then round(hours, 2) else 0 end)::decimal(4, 2) as productive_hours,
    (case when leave is null then round(hours * (0.35 + 0.2 * u(ak, 'talk')), 2) else 0 end)::decimal(4, 2) as talk_hours,
from left_out;

-- yearly law exam in March (a resit in April when failed), an induction in the first days, and one elective in the autumn
create table training as
with years as (
    select o.*, y, u(o.collector_no * 100 + y, 'law') as u_law
    from occupant as o, unnest(range(year(getvariable('first_on')), year(getvariable('end_on')) + 1)) as r (y)
),

sat as (
    select collector_no, '催收法规年度考试 Yearly conduct law exam' as course, make_date(y::integer, 3, 4 + floor(u_law * 20)::integer) as taken_on, 'law' as kind,
        round(58 + 42 * pow(u(collector_no * 100 + y, 'law2'), 0.6)) as score
    from years
    union all
    select collector_no, '催收法规年度补考 Yearly conduct law resit', make_date(y::integer, 4, 4 + floor(u_law * 20)::integer), 'law', 62 + floor(u_law * 30)
    from years where round(58 + 42 * pow(u(collector_no * 100 + y, 'law2'), 0.6)) < 70
    union all
    select collector_no, '入职系统培训 System induction', hired_on + 2, 'system', 70 + floor(u(collector_no, 'induct') * 30) from occupant
    union all
    select collector_no,
        ['协商谈判 Negotiation skills', '借款人心理 Borrower psychology', '客户关怀 Customer care'][1 + floor(u_law * 3)::integer],
        make_date(y::integer, 9, 6 + floor(u(collector_no * 100 + y, 'elective') * 20)::integer),
        ['negotiation', 'psychology', 'customer_care'][1 + floor(u_law * 3)::integer], 60 + floor(u(collector_no * 100 + y, 'elective2') * 40)
    from years where u(collector_no * 100 + y, 'elective3') < 0.8
)

select s.*, s.score >= 70 as passed
from sat as s inner join occupant as o using (collector_no)
where s.taken_on between greatest(o.hired_on, getvariable('first_on') - 700) and least(o.to_on, getvariable('end_on'));
