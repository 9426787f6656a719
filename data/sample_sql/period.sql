-- One 30-day period (number k since placement) of every open case: what is drawn, what follows, the next state.
create or replace table step as
with opening as (
    select
        c.*, s.bal, s.anchor, s.plan_left, s.plan_cents, s.plan_waive, s.plan_off, s.plan_miss, s.paid_before,
        c.placed_on + 30 * getvariable('k') as start_on,
        c.case_no * 128 + getvariable('k') as pk,
        case when c.placed_on + 30 * getvariable('k') >= c.moved_on then c.seat_b else c.seat_a end as seat,
    from state as s inner join base_case as c using (case_no)
    where c.placed_on + 30 * getvariable('k') <= getvariable('end_on')
),

held as (
    select
        o.* exclude (team_no), t.team_no, o.collector_no is not null as is_held, o.skill as raw_skill, t.agency is not null as at_agency,
        coalesce(r.rollout, 0) as rollout, d.season,
        coalesce(o.start_on - o.anchor, 0) as dpd_now,
        o.anchor is null as cured, o.plan_left > 0 as on_plan,
        b.hazard,
        case when getvariable('k') = 0 then a.first_lift else a.later_lift * exp(-0.05 * getvariable('k')) end as lift,
    from (
        select p.*, x.collector_no, x.skill, x.hired_on
        from opening as p left join occupant as x on p.seat = x.seat and p.start_on between x.from_on and x.to_on
    ) as o
    inner join team as t on o.seat % getvariable('teams') = t.team_no
    inner join day as d on o.start_on = d.day_on
    inner join arm as a on o.arm_no = a.arm_no
    left join team_month as r on t.team_no = r.team_no and date_trunc('month', o.start_on)::date = r.month_on
    left join base_hazard as b on greatest(1, bucket_of(coalesce(o.start_on - o.anchor, 0))) = b.bucket
),

hazard as (
    select
        *,
        ln(hazard) + eta_case + getvariable('fade') * getvariable('k') + ln(season)
            + case when paid_before then getvariable('momentum') else 0 end as eta_self,
        case
            when not is_held or (arm = 'holdout' and getvariable('k') = 0) then 0
            else raw_skill + rollout + coalesce(getvariable('ramp')[((start_on - hired_on) // 30 + 1)::integer], 0)
        end as eta_staff,
    from held
),

drawn as (
    select
        *,
        bucket_of(dpd_now) as bucket,
        case
            when on_plan then 0.84
            when cured then 0.62
            else 1 - exp(-exp(eta_self + lift + eta_staff))
        end as p_pay,
        case
            when on_plan then least(29, greatest(0, plan_off - 1 + floor(u(pk, 'off') * 4)))::integer
            else floor(30 * pow(u(pk, 'off'), case when getvariable('k') = 0 then 1.5 else 1 end))::integer
        end as off_a,
        floor(30 * pow(u(pk, 'off_b'), case when getvariable('k') = 0 then 1.5 else 1 end))::integer as off_b,
        (last_day(start_on) - start_on)::integer as off_end,
        case when getvariable('k') > 0 and not on_plan and not cured and u(pk, 'fee') < 0.035 then 2000 + floor(u(pk, 'fee2') * 6)::bigint * 1000 else 0 end as fee,
    from hazard
),

dated as (
    select
        d.*, bal + fee as bal_f,
        case
            when on_plan then off_a
            when u(pk, 'day') * (wa.pay_weight + wb.pay_weight) < wa.pay_weight then off_a
            else off_b
        end as pay_off,
        -- administrative exits happen in batches on the last day of a month, the others on any day
        case
            when getvariable('k') = 0 then null
            when u(pk, 'rare') < 0.0003 then 'deceased'
            when u(pk, 'rare') < 0.0008 then 'fraud'
            when u(pk, 'rare') < 0.0013 then 'bankrupt'
            when u(pk, 'rare') < 0.0030 then 'disputed'
            when on_plan or off_end > 29 then null
            when dpd_now + off_end >= 180 and u(pk, 'charge') < case when dpd_now + off_end < 215 then 0.22 else 0.05 end then 'charged_off'
            when dpd_now + off_end >= 240 and u(pk, 'sell') < 0.035 then 'sold'
            when cured and u(pk, 'recall') < 0.06 then 'recalled'
            when at_agency and getvariable('k') >= 3 and u(pk, 'recall') < 0.06 then 'recalled'
            when getvariable('k') >= 9 and u(pk, 'recall') < 0.012 then 'recalled'
        end as exit_reason,
        case when u(pk, 'rare') < 0.0030 then floor(u(pk, 'exit') * 30)::integer else off_end end as exit_at,
        cured and u(pk, 'redefault') < 0.14 as redefault,
        u(pk, 'type') as u_type,
        [0.30, 0.17, 0.09, 0.06, 0.05, 0.04, 0.03][greatest(1, bucket)] as share_full,
        [0.42, 0.22, 0.12, 0.04, 0.02, 0.02, 0.02][greatest(1, bucket)] as share_cure,
    from drawn as d
    inner join day as wa on d.start_on + d.off_a = wa.day_on
    inner join day as wb on d.start_on + d.off_b = wb.day_on
),

typed as (
    select
        *,
        case when exit_reason is not null then exit_at end as exit_off,
        (u(pk, 'pay') < p_pay and not redefault and not (exit_reason is not null and pay_off > exit_at)) as paid,
        case
            when on_plan then 'plan'
            when cured then case when bal_f <= inst_cents then 'full' else 'dues' end
            when u_type < share_full then 'full'
            when bucket >= 4 and u_type < share_full + 0.09 then 'settle'
            when u_type < share_full + 0.09 * (bucket >= 4)::integer + share_cure then 'cure'
            when u(pk, 'part') < 0.5 then 'inst'
            else 'part'
        end as wanted,
    from dated
),

amounts as (
    select
        *,
        case wanted
            when 'full' then bal_f
            when 'settle' then round(bal_f * (0.5 + 0.3 * u(pk, 'discount')))::bigint
            when 'plan' then case when plan_left = 1 then bal_f - plan_waive else least(plan_cents, bal_f - plan_waive) end
            when 'cure' then least(bal_f, inst_cents * greatest(1, ceil((dpd_now + pay_off) / 30.0)::bigint))
            when 'part' then least(bal_f, greatest(5000, round(inst_cents * (0.2 + 0.6 * u(pk, 'size')) / 1000)::bigint * 1000))
            else least(bal_f, inst_cents)
        end as wanted_cents,
    from typed
),

settled as (
    select
        *,
        case
            when not paid then null
            when wanted = 'settle' then 'settle'
            when wanted = 'plan' and wanted_cents >= bal_f - plan_waive then 'plan_end'
            when wanted_cents >= bal_f then 'full'
            else wanted
        end as pay_type,
        case when paid then wanted_cents else 0 end as pay,
    from amounts
),

reversed as (
    select
        *,
        case when pay_type = 'settle' then bal_f - pay when pay_type = 'plan_end' then plan_waive else 0 end as waived,
        coalesce(exit_reason is null and pay_off <= 22 and pay_type in ('full', 'cure', 'inst', 'part', 'dues', 'plan') and u(pk, 'reverse') < 0.016, false)
            as is_reversed,
        pay_off + 2 + floor(u(pk, 'rev_off') * 6)::integer as rev_off,
        pay_off + 2 + floor(u(pk, 'second_off') * greatest(1, 28 - pay_off))::integer as second_at,
        least(bal_f - pay - 100, greatest(5000, round(inst_cents * (0.2 + 0.4 * u(pk, 'second_size')) / 1000)::bigint * 1000)) as second_cents,
    from settled
),

second as (
    select
        *,
        coalesce(pay_type in ('inst', 'part', 'cure') and not is_reversed and second_at <= 29 and second_cents > 1000
            and (exit_off is null or second_at <= exit_off) and u(pk, 'second') < 0.30, false) as has_second,
        coalesce(pay_type in ('full', 'settle', 'plan_end') and not is_reversed, false) as closes,
        (not paid and not on_plan and not cured and exit_reason is null and dpd_now >= 20 and bal_f >= 100000 and u(pk, 'plan') < 0.045) as agrees,
        case when u(pk, 'plan_waive') < 0.3 then round(bal_f * (0.1 + 0.2 * u(pk, 'plan_cut')))::bigint else 0 end as new_waive,
        [3, 6, 6, 9, 12][1 + floor(u(pk, 'plan_n') * 5)::integer] as new_n,
        2 + floor(u(pk, 'plan_off') * 24)::integer as new_off,
        (on_plan and (not paid or is_reversed)) as missed,
    from reversed
),

closed as (
    select
        *,
        case when closes then pay_off + floor(u(pk, 'closing') * 4)::integer else exit_off end as close_off,
        case when closes then case when waived > 0 then 'settled' else 'paid' end else exit_reason end as close_reason,
        bal_f - pay - waived as bal_p,
        case
            when pay_type in ('full', 'settle', 'plan_end', 'cure', 'dues') then null
            when pay_type = 'inst' then case when anchor + 30 < start_on + pay_off then anchor + 30 end
            when pay_type = 'plan' then least(anchor + 30, start_on + pay_off)
            else anchor
        end as anchor_p,
        (missed and plan_miss >= 1) as breaks,
        case when redefault then 3 + floor(u(pk, 'redefault_off') * 25)::integer end as redefault_off,
    from second
)

select
    getvariable('k') as k, case_no, pk, start_on, seat, collector_no, team_no, arm_no, arm, bucket, dpd_now, cured, on_plan, is_held, eta_self, eta_staff,
    p_pay, bal, fee, bal_f, anchor, inst_cents, frailty, paid, pay_type, pay_off, pay, waived, bal_p, anchor_p, is_reversed, rev_off,
    case when has_second then second_at end as second_off,
    case when has_second then second_cents else 0 end as second_cents,
    case when is_reversed then bal_f else bal_p - case when has_second then second_cents else 0 end end as bal_end,
    case when is_reversed then anchor when redefault_off is not null then start_on + redefault_off else anchor_p end as anchor_end,
    redefault_off, close_off, close_reason, agrees, new_off, new_n, new_waive,
    ceil((bal_f - new_waive) / new_n::double)::bigint as new_cents,
    plan_left, plan_cents, plan_waive, plan_off, plan_miss, missed, breaks, on_plan and not missed as kept_plan,
from closed;

insert into trail by name select * from step;

create or replace table state as
select
    case_no, bal_end as bal, anchor_end as anchor,
    case when agrees then new_n when breaks then 0 when kept_plan then plan_left - 1 else plan_left end as plan_left,
    case when agrees then new_cents else plan_cents end as plan_cents,
    case when agrees then new_waive else plan_waive end as plan_waive,
    case when agrees then new_off else plan_off end as plan_off,
    case when missed then plan_miss + 1 else 0 end as plan_miss,
    paid and not is_reversed as paid_before,
from step
where close_off is null;
