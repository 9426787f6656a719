-- One row per session of a bot with a person (or group) in a period.
select
    period.period,
    sessions.*,
from rolled.bot_sessions as sessions
inner join period on sessions.contacted_on >= period.start_on and sessions.contacted_on <= period.until_on
