-- One row per case: the days of its first attempt, answer and right-party conversation, and the channels of its first three touches by us;
-- from its placement on, as what was done before is not how soon it was tried.
create table model.first_touches as
with

firsts as (
    select
        touches.case_key,
        min(case when kinds.attempt_count = 1 then touches.contacted_on end) as first_attempt_on,
        min(case when kinds.connected_count = 1 then touches.contacted_on end) as first_connect_on,
        min(case when kinds.debtor_talk_count = 1 then touches.contacted_on end) as first_right_party_on,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where touches.placed_days >= 0
    group by touches.case_key
),

early as (
    select
        touches.case_key,
        kinds.channel,
        touches.contacted_on,
        row_number() over (partition by touches.case_key order by touches.started_at, touches.source_file, touches.source_line) as place,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.attempt_count = 1 and touches.placed_days >= 0 and touches.placed_days <= 30
),

opening as (
    select
        case_key,
        max(case when place = 1 then channel end) as channel_1,
        max(case when place = 2 then channel end) as channel_2,
        max(case when place = 3 then channel end) as channel_3,
        max(case when place = 2 then contacted_on end) as second_on,
        max(case when place = 3 then contacted_on end) as third_on,
    from early
    where place <= 3
    group by case_key
)

select
    cases.case_key,
    cases.placed_on,
    cases.placed_month,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.bucket,
    cases.team,
    cases.collector_id,
    cases.agency,
    cases.first_paid_on,
    cases.left_on,
    firsts.first_attempt_on,
    firsts.first_connect_on,
    firsts.first_right_party_on,
    date_diff('day', cases.placed_on, firsts.first_attempt_on) as first_attempt_days,
    opening.channel_1,
    opening.channel_2,
    opening.channel_3,
    opening.second_on,
    opening.third_on,
from model.cases as cases
left join firsts on cases.case_key = firsts.case_key
left join opening on cases.case_key = opening.case_key
