-- table: customers | customer_id
select
    lpad(customer_no::varchar, 10, '0') as customer_id,
    ['华东 East', '华南 South', '华北 North', '西南 Southwest', '华中 Central'][1 + floor(5 * pow(u(customer_no, 'region'), 1.3))::integer] as region,
    ['18-24', '25-34', '35-44', '45-54', '55+'][1 + floor(5 * (u(customer_no, 'age') + u(customer_no, 'age2')) / 2)::integer] as age_band,
    ['工人 Worker', '职员 Clerk', '个体户 Self-employed', '司机 Driver', '教师 Teacher', '销售 Sales', '无业 Unemployed', '自由职业 Freelance'][
        1 + floor(u(customer_no, 'job') * 8)::integer] as occupation,
    round(exp(8.75 + 0.4 * z(customer_no, 'income')) / 100)::decimal(18, 2) * 100 as monthly_income,
    (round(exp(8.75 + 0.4 * z(customer_no, 'income')) * (0.45 + 0.5 * u(customer_no, 'spend')) / 100) * 100)::decimal(18, 2) as monthly_spend,
    least(850, greatest(350, round(600 + 55 * (0.7 * frailty + 0.7 * z(customer_no, 'score')))))::integer as credit_score,
    first_on - (200 + floor(u(customer_no, 'since') * 2500))::integer as relationship_since,
    ['phone', 'sms', 'social', 'app', 'email'][1 + floor(5 * pow(u(customer_no, 'prefer'), 1.5))::integer] as preferred_channel,
    case when u(customer_no, 'zone') < 0.03 then 'Asia/Urumqi' else 'Asia/Shanghai' end as timezone,
    u(customer_no, 'vulnerable') < 0.04 as vulnerable,
from (select customer_no, min(originated_on) as first_on, arg_min(frailty, case_no) as frailty
    from (select *, placed_on - dpd - 90 - floor(u(case_no, 'originated') * 900)::integer as originated_on from base_case) group by all)
order by customer_id;
-- table: cases | case_id
select
    'C' || lpad(c.case_no::varchar, 9, '0') as case_id, lpad(customer_no::varchar, 10, '0') as customer_id,
    ['信用卡 Card', '现金贷 Cash loan', '消费分期 Instalment', '车抵贷 Auto-backed'][product_no + 1] as product,
    placed_on, money(placed_cents) as placed_balance, dpd as days_past_due,
    ['华东 East', '华南 South', '华北 North', '西南 Southwest', '华中 Central'][1 + floor(5 * pow(u(customer_no, 'region'), 1.3))::integer] as region,
    strftime(month_on, '%Y-%m') || ['-A', '-B', '-C'][batch_no + 1] as batch,
    (case when dpd <= 60 then 1 when dpd <= 150 then 1 + (u(c.case_no, 'hand') < 0.5)::integer else 2 + (u(c.case_no, 'hand') < 0.4)::integer end) as placement_number,
    placed_on - dpd - 90 - floor(u(c.case_no, 'originated') * 900)::integer as originated_on,
    k.closed_on, k.close_reason, c.arm as strategy,
from base_case as c left join closing as k on c.case_no = k.case_no
order by case_id;
-- table: balances | as_of, case_id
select 'C' || lpad(case_no::varchar, 9, '0') as case_id, as_of, money(balance_cents) as balance, dpd as days_past_due, state,
from balance where month_no(as_of) = coalesce(getvariable('part'), month_no(as_of))
order by as_of, case_id;
-- table: payments | paid_on, payment_id
select
    'P' || lpad(payment_no::varchar, 12, '0') as payment_id, 'C' || lpad(case_no::varchar, 9, '0') as case_id, paid_on, posted_on, money(cents) as amount, kind,
    'P' || lpad(reverses_no::varchar, 12, '0') as reverses, status, case when kind in ('payment', 'reversal') then method end as method,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id,
from posting where month_no(paid_on) = coalesce(getvariable('part'), month_no(paid_on))
order by paid_on, payment_id;
-- table: assignments | case_id, assigned_at
select
    'C' || lpad(case_no::varchar, 9, '0') as case_id, from_on + to_seconds(28800 + floor(u(case_no * 4096 + collector_no, 'at') * 3600)::integer) as assigned_at,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id,
    case when to_on <= getvariable('end_on') and (to_on < open_until or open_until < getvariable('far_on')) then to_on + to_seconds(73800) end as released_at,
from holding
order by case_id, assigned_at;
-- table: collectors | collector_id
select
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id, s.text.split(' ')[1] || left(g.text, instr(g.text, ' ') - 1) || ' '
        || s.text.split(' ')[2] || ' ' || substr(g.text, instr(g.text, ' ') + 1) as name,
    t.team, t.site, t.agency,
    case when getvariable('end_on') - hired_on > 1000 then '高级 Senior' when getvariable('end_on') - hired_on > 270 then '中级 Intermediate' else '初级 Junior' end as grade,
    hired_on, left_on,
from occupant as o
inner join team as t using (team_no)
inner join surname as s on floor(u(o.collector_no, 'surname') * (select count(*) from surname))::integer = s.number
inner join given as g on floor(u(o.collector_no, 'given') * (select count(*) from given))::integer = g.number
order by collector_id;
-- table: attendance | worked_on, collector_id
select 'W' || lpad(collector_no::varchar, 5, '0') as collector_id, day_on as worked_on, productive_hours, talk_hours, leave,
from attendance
order by worked_on, collector_id;
-- table: contacts | started_at, contact_id
select
    'T' || lpad(contact_no::varchar, 14, '0') as contact_id, 'C' || lpad(k.case_no::varchar, 9, '0') as case_id, started_at, channel,
    case when inbound then 'inbound' else 'outbound' end as direction, outcome, party,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id, seconds as duration_seconds,
    case when channel != 'visit' then lpad(to_hex(hash(c.customer_no * 16 + case when channel in ('phone', 'sms', 'bot') then (u(contact_no, 'number') < 0.1)::integer
        when channel = 'email' then 2 when channel = 'social' then 3 when channel = 'app' then 4 else 5 end, getvariable('seed'))), 16, '0') end as number_id,
    case when outcome = 'conversation' and u(contact_no, 'consent') < 0.03 then started_at + to_days(30) end as consent_until,
    money(cost_cents) as cost,
    case when collector_no is null then strftime(started_at, '%Y-%m') || ' ' || c.arm end as campaign,
from contact as k inner join base_case as c on k.case_no = c.case_no
where month_no(started_at) = coalesce(getvariable('part'), month_no(started_at))
order by started_at, contact_id;
-- table: promises | made_at, promise_id
select
    'R' || lpad(contact_no::varchar, 14, '0') as promise_id, 'C' || lpad(case_no::varchar, 9, '0') as case_id, made_on + to_seconds(clock + 60) as made_at, due_on,
    money(cents) as amount, 'T' || lpad(contact_no::varchar, 14, '0') as contact_id,
    case when channel != 'bot' then 'W' || lpad(collector_no::varchar, 5, '0') end as collector_id,
from promise
order by made_at, promise_id;
-- table: plans | plan_id
select
    'L' || lpad(plan_no::varchar, 11, '0') as plan_id, 'C' || lpad(case_no::varchar, 9, '0') as case_id, agreed_on, ended_on, money(new_waive) as waived_amount,
    u(pk, 'afford') < 0.72 as affordability_checked,
from plan
order by plan_id;
-- table: instalments | plan_id, number
select
    'L' || lpad(plan_no::varchar, 11, '0') as plan_id, number::integer as number, agreed_on + 30 * number::integer as due_on,
    money(case when number = new_n then bal_f - new_waive - new_cents * (new_n - 1) else new_cents end) as amount,
from (select *, unnest(range(1, new_n + 1)) as number from plan)
order by plan_id, number;
-- table: followups | planned_on, followup_id
select
    'F' || lpad(followup_no::varchar, 11, '0') as followup_id, 'C' || lpad(case_no::varchar, 9, '0') as case_id, planned_on,
    case when drafted_on <= least(closed_on, getvariable('end_on')) then drafted_on end as done_on,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id,
    case when drafted_on <= least(closed_on, getvariable('end_on')) then
        ['refusing', 'wavering', 'wavering', 'willing', 'willing', 'unknown'][greatest(1, least(6, 1 + floor(u(pk, 'will') * 5 + paid::integer * 1.2)::integer))] end as willingness,
    case when drafted_on <= least(closed_on, getvariable('end_on')) then
        ['unable', 'unable', 'strained', 'strained', 'able', 'able', 'unknown'][greatest(1, least(7, 1 + floor(u(pk, 'able') * 5 + paid::integer * 1.5)::integer))] end as ability,
    case when drafted_on <= least(closed_on, getvariable('end_on')) and not paid then
        ['失业 Job loss', '收入下降 Lower income', '疾病 Illness', '经营困难 Business trouble', '多头负债 Other debts', '忘记 Forgot', '对账争议 Disputes the sum'][
            1 + floor(u(pk, 'why') * 7)::integer] end as difficulty,
from followup
order by planned_on, followup_id;
-- table: complaints | received_at, complaint_id
select
    'X' || lpad(contact_no::varchar, 14, '0') as complaint_id, received_at, 'C' || lpad(case_no::varchar, 9, '0') as case_id,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id, incident_on,
    ['客服热线 Hotline', '监管转办 Regulator', '12378热线 12378 line', '应用内 In app', '黑猫平台 Public platform'][1 + floor(5 * pow(u(contact_no, 'via'), 1.6))::integer] as channel,
    category, case when upheld and u(contact_no, 'severity') < 0.4 then '高 High' when u(contact_no, 'severity') < 0.6 then '中 Medium' else '低 Low' end as severity,
    case when received_at + to_days(12) < getvariable('end_on') then upheld end as upheld,
    case when received_at + to_days(12) < getvariable('end_on') then received_at + to_seconds((86400 + floor(u(contact_no, 'resolved') * 10 * 86400))::integer) end as resolved_at,
from complaint
order by received_at, complaint_id;
-- table: reviews | reviewed_on, review_id
select
    'Q' || lpad(contact_no::varchar, 14, '0') as review_id, 'T' || lpad(contact_no::varchar, 14, '0') as contact_id,
    'W' || lpad(collector_no::varchar, 5, '0') as collector_id, reviewed_on, score::decimal(5, 1) as score, critical,
    (1 / probability)::decimal(8, 4) as sampling_weight,
from review
order by reviewed_on, review_id;
-- table: trainings | collector_id, taken_on, course
select 'W' || lpad(collector_no::varchar, 5, '0') as collector_id, course, taken_on, kind, score::integer as score, passed,
from training
order by collector_id, taken_on, course;
-- table: targets | month, scope, metric
select month, scope, metric, value from target
order by month, scope, metric;
-- table: milestones | milestone_id
select * from milestone
order by milestone_id;
