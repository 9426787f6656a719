-- One row per session of a bot with a person: whether it was handed to a human, and whether one had to talk to the borrower soon after (of a
-- session of no case nobody knows).
create table model.bot_sessions as
with

sessions as (
    select
        touches.*,
        kinds.channel,
        kinds.direction,
        kinds.automation,
        kinds.outcome,
        row_number() over (order by touches.started_at, touches.source_file, touches.source_line) as session_key,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.channel = 'bot' and is_connected(kinds.channel, kinds.outcome)
),

returned as (
    select
        sessions.session_key,
    from sessions
    inner join model.touches as touches
        on sessions.case_key = touches.case_key and touches.started_at > sessions.started_at
        and date_diff('second', sessions.started_at, touches.started_at) <= containment_hours() * 3600
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.automated = 0 or kinds.direction = 'inbound'
    group by sessions.session_key
)

select
    sessions.case_key,
    sessions.contacted_on,
    sessions.started_at,
    sessions.channel,
    sessions.direction,
    sessions.automation,
    sessions.outcome,
    case when sessions.collector_id = 'house' then 'house' else coalesce(collectors.team, '') end as team,
    sessions.collector_id,
    coalesce(collectors.agency, '') as agency,
    sessions.bucket,
    sessions.duration_seconds,
    coalesce(cases.product, '') as product,
    coalesce(cases.region, '') as region,
    coalesce(cases.batch, '') as batch,
    coalesce(cases.placement_number, '') as placement_number,
    coalesce(cases.strategy, '') as strategy,
    coalesce(cases.age_band, '') as age_band,
    cases.placed_month,
    1 as session_count,
    flag(sessions.outcome = 'transferred') as handed_over_count,
    flag(sessions.outcome = 'abandoned') as abandoned_count,
    flag(returned.session_key is not null) as returned_count,
    flag(
        sessions.case_key is not null
        and date_diff('second', sessions.started_at, cast(as_of_day() + 1 as timestamp)) >= containment_hours() * 3600
    ) as followed_count,
    flag(
        sessions.outcome = 'conversation' and returned.session_key is null and sessions.case_key is not null
        and date_diff('second', sessions.started_at, cast(as_of_day() + 1 as timestamp)) >= containment_hours() * 3600
    ) as contained_count,
    sessions.source_file,
    sessions.source_line,
from sessions
left join returned on sessions.session_key = returned.session_key
left join model.cases as cases on sessions.case_key = cases.case_key
left join export.collectors as collectors on sessions.collector_id = collectors.collector_id
