-- Macros, seats and their occupants, cases. Amounts are whole cents (bigint) until they are written.
create macro u(key, salt) as ((hash(xor(hash(key::ubigint), hash(salt, getvariable('seed')))) >> 11)::double / 9007199254740992.0);
-- roughly standard normal: sum of three uniforms, centred, variance 1
create macro z(key, salt) as (2 * (u(key, salt || '1') + u(key, salt || '2') + u(key, salt || '3') - 1.5));
create macro money(cents) as cast(cents * 0.01::decimal(3, 2) as decimal(18, 2));
create macro bucket_of(dpd) as cast(least(7, greatest(0, ceil(dpd / 30.0))) as integer);
create macro month_no(d) as (year(d) * 12 + month(d));
create macro month_last(n) as last_day(make_date(((n - 1) // 12)::integer, (((n - 1) % 12) + 1)::integer, 1));

-- One row per seat and successive occupant; each generation is drawn from the one before.
create table occupant as
with recursive generation as (
    select
        seat, 0 as turn,
        case when u(seat, 'founder') < 0.85
            then getvariable('first_on') - (20 + floor(u(seat, 'hired') * 1600))::integer
            else getvariable('first_on') + floor(u(seat, 'hired') * 40)::integer
        end as hired_on,
        getvariable('first_on') + (100 - ln(1 - u(seat, 'leave')) * 850)::integer as left_on,
        getvariable('first_on') as from_on,
    from range(getvariable('seats')) as r (seat)
    union all
    select
        seat, turn + 1,
        left_on - 12 + floor(u(seat * 100 + turn, 'gap') * 30)::integer,
        left_on + (45 - ln(1 - u(seat * 100 + turn, 'leave')) * 800)::integer,
        left_on + 1,
    from generation
    where left_on < getvariable('end_on') - 25 and turn < 40
)
select
    seat, turn, seat % getvariable('teams') as team_no, hired_on,
    greatest(from_on, hired_on) as from_on,
    least(left_on, date '2100-12-31') as to_on,
    case when left_on <= getvariable('end_on') then left_on end as left_on,
    (row_number() over (order by turn, seat))::integer as collector_no,
    getvariable('skill_sd') * z(seat * 100 + turn, 'skill') as skill,
    z(seat * 100 + turn, 'conduct') as conduct,
from generation;

-- One row per case: what is fixed at placement. dpd in days, amounts in cents, frailty = borrower's own log-hazard shift in s.d.
create table base_case as
with numbered as (
    select
        (range + 1)::bigint as case_no,
        -- the first month holds an opening stock of four months' placements
        greatest(0, floor(u(range + 1, 'month') * (getvariable('months') + 3)) - 3)::integer as month_index,
    from range(getvariable('cases'))
),

placed as (
    select
        *,
        (getvariable('first_on') + to_months(month_index))::date as month_on,
        floor(u(case_no, 'batch') * 3)::integer as batch_no,
        case when u(case_no, 'shared') < 0.10 then case_no // 2 + 1 else case_no end as customer_no,
        u(case_no, 'dpd') as u_dpd, u(case_no, 'product') as u_product, z(case_no, 'frailty') as frailty,
    from numbered
),

shaped as (
    select
        *,
        month_on + (batch_no * 9 + 2 + floor(u(case_no, 'placed') * 5))::integer as drafted_on,
        -- a last month that is cut short still gets its batches
        case when drafted_on > getvariable('end_on') then drafted_on - 10 else drafted_on end as placed_on,
        (case
            when u_dpd < 0.46 then 1 + floor(u(case_no, 'dpd2') * 30)
            when u_dpd < 0.71 then 31 + floor(u(case_no, 'dpd2') * 30)
            when u_dpd < 0.84 then 61 + floor(u(case_no, 'dpd2') * 30)
            when u_dpd < 0.95 then 91 + floor(u(case_no, 'dpd2') * 90)
            else 181 + floor(u(case_no, 'dpd2') * 220)
        end)::integer as dpd,
        (case when u_product < 0.45 then 0 when u_product < 0.72 then 1 when u_product < 0.92 then 2 else 3 end)::integer as product_no,
        u(customer_no, 'arm') as u_arm,
    from placed
),

housed as (
    select
        s.*, a.arm_no, a.arm,
        case
            when s.dpd > 90 and u(case_no, 'agency') < 0.6 then floor(u(case_no, 'team') * getvariable('teams') / 8) * 8 + 6 + floor(u(case_no, 'which') * 2)
            else floor(u(case_no, 'team') * getvariable('teams'))
        end::integer as team_no,
        (exp([9.1, 8.5, 8.2, 10.4][product_no + 1] + 0.65 * z(case_no, 'balance')) * 100)::bigint as raw_cents,
    from shaped as s inner join arm as a on s.u_arm >= a.low and s.u_arm < a.high
)

select
    * exclude (u_dpd, u_product, u_arm, raw_cents, drafted_on),
    greatest(30000, raw_cents)::bigint as placed_cents,
    greatest(5000, ceil(greatest(30000, raw_cents) / (4 + floor(u(case_no, 'instalments') * 8))))::bigint as inst_cents,
    team_no + getvariable('teams') * floor(u(case_no, 'seat') * (getvariable('seats') // getvariable('teams')))::integer as seat_a,
    floor(u(case_no, 'seat_b') * getvariable('seats'))::integer as seat_b,
    case when u(case_no, 'moved') < 0.25 then placed_on + (45 + floor(u(case_no, 'moved_on') * 105))::integer else date '2200-01-01' end as moved_on,
    case when arm = 'holdout' then placed_on + 30 else placed_on end as held_from,
    0.45 * frailty + [0.08, -0.10, 0.0, 0.05][product_no + 1] as eta_case,
from housed
where placed_on <= getvariable('end_on');
