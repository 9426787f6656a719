-- Contacts of period k: how many, when, by which channel, by whom, with what outcome. Nothing after the case is paid or closed.
insert into contact_raw
with planned as (
    select
        t.*, a.first_dose, a.later_dose,
        least(
            getvariable('end_on') - t.start_on, 29, coalesce(t.close_off, 29),
            case when pay_type in ('full', 'settle', 'plan_end') and not is_reversed then pay_off else 29 end
        ) as stop_off,
        u(t.pk, 'burst') < 0.0015 as burst,
    from trail as t inner join arm as a using (arm_no)
    where t.k = getvariable('k')
),

counted as (
    select
        *,
        floor(case
            when k = 0 then first_dose * (0.4 + 1.2 * u(pk, 'n'))
            when cured then 0.5
            when on_plan then 1.1
            else later_dose * greatest(0.40, 1.25 - 0.07 * k) * (0.4 + 1.2 * u(pk, 'n'))
        end + u(pk, 'n2') + case when burst and not (k = 0 and arm = 'holdout') then 7 else 0 end)::integer as n,
    from planned
),

slots as (
    select *, unnest(range(n)) as j, false as inbound, null::varchar as fixed_channel, null::integer as fixed_off from counted
    union all
    -- the borrower calls: allowed to every arm at any time
    select *, 80, true, 'phone', floor(u(pk, 'inbound_off') * 30)::integer from counted where u(pk, 'inbound') < 0.05
),

drawn as (
    select
        s.*, s.pk * 128 + s.j as ck,
        coalesce(s.fixed_channel, case when s.burst then 'phone' end, m.channel) as channel,
        case when s.burst then 6 when u(s.pk * 128 + s.j, 'day_a') < 0.8 or k > 0 then floor(u(s.pk * 128 + s.j, 'day') * 30)
            else floor(u(s.pk * 128 + s.j, 'day') * 8) end::integer as off_a,
        case when s.burst then 6 else floor(u(s.pk * 128 + s.j, 'day2') * 30) end::integer as off_b,
    from slots as s
    left join arm_mix as m on s.arm_no = m.arm_no and (s.k = 0) = m.first and floor(u(s.pk * 128 + s.j, 'channel') * 400)::integer = m.slot
),

dated as (
    select
        d.*,
        case when inbound then fixed_off when u(ck, 'pick') * (wa.call_weight + wb.call_weight) < wa.call_weight then off_a else off_b end as off,
    from drawn as d
    inner join day as wa on d.start_on + d.off_a = wa.day_on
    inner join day as wb on d.start_on + d.off_b = wb.day_on
),

timed as (
    select
        d.* exclude (collector_no), start_on + off as on_day,
        case
            when channel in ('phone', 'visit') or (channel = 'social' and u(ck, 'human') < 0.5) then o.collector_no
        end as collector_no,
        case when channel in ('phone', 'visit') then o.collector_no is null else false end as unmanned,
        least(199, floor(200 * pow(u(ck, 'outcome'), exp(-0.15 * frailty))))::integer as slot,
        -- seconds of the day: 08:00-20:30; about 3 in 1,000 outside 08:00-22:00
        case
            when u(ck, 'odd') < 0.003 then case when u(ck, 'odd2') < 0.5 then 22 * 3600 + 60 else 7 * 3600 end + floor(u(ck, 'clock') * 3000)
            else 8 * 3600 + 300 + floor((u(ck, 'clock') + u(ck, 'clock2')) / 2 * 44700)
        end::integer as clock,
    from dated as d
    left join occupant as o on d.seat = o.seat and d.start_on + d.off between o.from_on and o.to_on
    where off <= stop_off and channel is not null
),

resulted as (
    select
        t.*,
        case when inbound then case when u(ck, 'in') < 0.12 then 'abandoned' else 'conversation' end else m.outcome end as outcome,
    from timed as t left join outcome_mix as m on t.channel = m.channel and t.slot = m.slot
    where not unmanned
)

select
    (case_no * 100 + k) * 100 + j as contact_no, case_no, k, on_day + to_seconds(clock) as started_at,
    channel, inbound, outcome,
    case
        when channel in ('sms', 'email', 'app', 'letter') or outcome not in ('conversation', 'answered', 'transferred') then null
        when inbound then 'debtor'
        when outcome in ('conversation', 'transferred') then case
            when u(ck, 'party') < 0.86 then 'debtor' when u(ck, 'party') < 0.90 then 'spouse' when u(ck, 'party') < 0.93 then 'related'
            when u(ck, 'party') < 0.95 then 'guarantor' when u(ck, 'party') < 0.965 then 'unrelated' else 'unknown' end
        when u(ck, 'party') < 0.12 then 'related' when u(ck, 'party') < 0.18 then 'unrelated' when u(ck, 'party') < 0.30 then 'debtor' else 'unknown'
    end as party,
    collector_no,
    case
        when channel not in ('phone', 'bot', 'visit') then null
        when outcome in ('conversation', 'transferred') then case channel when 'bot' then 25 when 'visit' then 600 else 50 end + floor(-ln(1 - u(ck, 'talk')) * 140)
        when outcome in ('answered', 'abandoned') then 4 + floor(u(ck, 'talk') * 26)
        else 0
    end::integer as seconds,
    burst,
from resulted;
