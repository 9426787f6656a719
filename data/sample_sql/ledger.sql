-- From the trail of periods to closures, postings and the running state of every case. Nothing after the last day of history survives.
create table closing as
select case_no, start_on + close_off as closed_on, close_reason
from trail
where close_off is not null and start_on + close_off <= getvariable('end_on');

-- the holder of a case as spans of days; released when moved, when the occupant leaves, or at closing
create table holding as
with stages as (
    select case_no, seat_a as seat, held_from as from_on, least(moved_on - 1, getvariable('far_on')) as to_on from base_case
    union all
    select case_no, seat_b, greatest(moved_on, held_from), getvariable('far_on') from base_case where moved_on <= getvariable('end_on')
)

select
    s.case_no, o.collector_no,
    greatest(s.from_on, o.from_on) as from_on,
    least(s.to_on, o.to_on, coalesce(c.closed_on, getvariable('far_on'))) as to_on,
    coalesce(c.closed_on, getvariable('far_on')) as open_until,
from stages as s
inner join occupant as o on s.seat = o.seat and s.from_on <= o.to_on and s.to_on >= o.from_on
left join closing as c on s.case_no = c.case_no
where greatest(s.from_on, o.from_on) <= least(s.to_on, o.to_on, coalesce(c.closed_on, getvariable('end_on')));

-- One row per posting; slot: 1 main, 2 second, 3 reversal, 4 waiver, 5 fee, 6 failed or pending attempt.
create table posting as
with slots as (
    select case_no, k, pk, 1 as slot, start_on + pay_off as paid_on, pay as cents, 'payment' as kind, 'posted' as status from trail where paid and pay > 0
    union all
    select case_no, k, pk, 2, start_on + second_off, second_cents, 'payment', 'posted' from trail where second_off is not null
    union all
    select case_no, k, pk, 3, start_on + rev_off, -pay, 'reversal', 'posted' from trail where is_reversed
    union all
    select case_no, k, pk, 4, start_on + pay_off, waived, 'waiver', 'posted' from trail where waived > 0
    union all
    select case_no, k, pk, 5, start_on, fee, 'fee', 'posted' from trail where fee > 0
    union all
    -- a failed attempt the day before the payment that went through
    select case_no, k, pk, 6, start_on + pay_off - 1, pay, 'payment', 'failed' from trail where paid and pay_off >= 1 and pay > 0 and u(pk, 'failed') < 0.016
    union all
    -- an attempt whose money has not arrived
    select case_no, k, pk, 6, start_on + off, cents, 'payment', 'pending'
    from (
        select *, floor(u(pk, 'pending_off') * 30)::integer as off, least(inst_cents, bal_f) as cents from trail
        where not paid and close_off is null and bal_f > 0
    )
    where u(pk, 'pending') < case when start_on + off > getvariable('end_on') - 4 then 0.05 else 0.0008 end
)

select
    s.*, s.case_no * 1000 + s.k * 10 + s.slot as payment_no,
    case when kind = 'reversal' then s.case_no * 1000 + s.k * 10 + 1 end as reverses_no,
    case when status = 'posted'
        then least(getvariable('end_on'), paid_on + [0, 0, 0, 0, 0, 0, 0, 1, 1, 2][1 + floor(u(payment_no, 'lag') * 10)::integer]
            + case when isodow(paid_on) >= 6 and kind = 'payment' then (8 - isodow(paid_on))::integer else 0 end)
    end as posted_on,
    ['手机银行 Mobile bank', '银行代扣 Direct debit', '支付宝 Alipay', '微信支付 WeChat Pay', '银行转账 Transfer', '柜面 Counter'][
        1 + floor(6 * pow(u(payment_no, 'method'), 1.4))::integer] as method,
    h.collector_no,
from slots as s
left join holding as h
    on s.case_no = h.case_no and (case when s.kind = 'reversal' then s.paid_on else s.paid_on end) between h.from_on and h.to_on
where s.paid_on <= getvariable('end_on');

-- One row per case and day its state changed: balance (cents), anchor = oldest unpaid due date (null: current).
create table segment as
with changes as (
    select case_no, k, start_on as on_day, 0 as seq, bal_f as bal, anchor, on_plan as plan from trail where k = 0 or fee > 0
    union all
    select case_no, k, start_on + pay_off, 1, bal_p, anchor_p, on_plan and pay_type != 'plan_end' from trail where paid
    union all
    select case_no, k, start_on + rev_off, 2, bal_f, anchor, on_plan from trail where is_reversed
    union all
    select case_no, k, start_on + second_off, 3, bal_end, anchor_end, false from trail where second_off is not null
    union all
    select case_no, k, start_on + redefault_off, 4, bal_f, anchor_end, false from trail where redefault_off is not null
    union all
    select case_no, k, start_on + new_off, 5, bal_f, anchor, true from trail where agrees
    union all
    select case_no, k, start_on + 29, 6, bal_end, anchor_end, false from trail where breaks and close_off is null
),

spans as (
    select
        *,
        coalesce(lead(on_day) over (partition by case_no order by on_day, k, seq), getvariable('far_on')) as next_on,
    from changes where on_day <= getvariable('end_on')
)

select
    s.case_no, on_day, bal, anchor, plan, closed_on, close_reason,
    least(next_on - 1, coalesce(closed_on, getvariable('far_on')), getvariable('end_on')) as to_on,
from spans as s left join closing as c using (case_no)
where next_on > on_day;

create table balance as
with ends as (
    select *, unnest(range(month_no(on_day), case when to_on = last_day(to_on) then month_no(to_on) + 1 else month_no(to_on) end)) as month_index
    from segment where to_on >= on_day
)

select
    case_no, month_last(month_index) as as_of, bal as balance_cents,
    greatest(0, coalesce(month_last(month_index) - anchor, 0)) as dpd,
    case
        when closed_on = month_last(month_index) and close_reason in ('paid', 'settled') then 'settled'
        when closed_on = month_last(month_index) and close_reason in ('charged_off', 'sold', 'recalled') then close_reason
        when plan then 'plan'
        else 'open'
    end as state,
from ends;

-- Plans: one row per agreement; it ends when broken, completed or the case leaves.
create table plan as
with endings as (
    select case_no, k, start_on + least(29, coalesce(close_off, 29)) as ended_on from trail where breaks or (on_plan and close_off is not null)
)

select
    t.case_no * 100 + t.k as plan_no, t.case_no, t.start_on + t.new_off as agreed_on, t.new_n, t.new_cents, t.new_waive, t.bal_f, t.pk,
    min(e.ended_on) filter (where e.ended_on <= getvariable('end_on')) as ended_on,
from trail as t left join endings as e on t.case_no = e.case_no and e.k > t.k
where t.agrees and t.start_on + t.new_off <= getvariable('end_on')
group by all;
