-- What a contact is: the one place that says which channel can be answered, which outcome is an answer, whose voice counts.

create or replace macro flag(condition) as case when condition then 1 else 0 end;

-- Somebody may answer at once; a message only arrives (social media do both).
create or replace macro is_live(channel) as channel in ('phone', 'bot', 'visit', 'social');

create or replace macro is_dialled(channel) as channel in ('phone', 'bot');

create or replace macro is_message(channel) as channel in ('sms', 'email', 'social', 'letter', 'app');

create or replace macro has_number(channel) as channel in ('phone', 'bot', 'sms');

create or replace macro tells_opens(channel) as channel in ('email', 'social', 'app');

-- A person answered; a voice mail is nobody. A dropped call was answered, and so was one in which the borrower opted out.
create or replace macro is_connected(channel, outcome) as
    is_live(channel) and (outcome in ('answered', 'conversation', 'transferred', 'abandoned') or (outcome = 'opted_out' and channel != 'social'));

create or replace macro is_delivered(channel, outcome) as
    is_message(channel) and outcome in ('delivered', 'opened', 'clicked', 'opted_out', 'answered', 'conversation', 'transferred');

create or replace macro is_conversation(outcome) as outcome in ('conversation', 'transferred');

create or replace macro is_bad_number(outcome) as outcome in ('not_in_service', 'undelivered');

create or replace macro weekday_name(day) as
    case ((date_diff('day', cast('2024-01-01' as date), day) % 7) + 7) % 7
        when 0 then 'mon' when 1 then 'tue' when 2 then 'wed' when 3 then 'thu' when 4 then 'fri' when 5 then 'sat' else 'sun'
    end;

create or replace macro is_weekend(day) as ((date_diff('day', cast('2024-01-01' as date), day) % 7) + 7) % 7 >= 5;

create or replace macro attempt_band(number) as
    case
        when number is null then ''
        when number <= 3 then cast(number as varchar)
        when number <= 5 then '4-5'
        when number <= 10 then '6-10'
        else '11+'
    end;

create or replace macro days_band(days) as
    case
        when days is null then ''
        when days < 0 then '<0'
        when days <= 1 then '0-1'
        when days <= 3 then '2-3'
        when days <= 7 then '4-7'
        when days <= 14 then '8-14'
        when days <= 30 then '15-30'
        when days <= 60 then '31-60'
        when days <= 90 then '61-90'
        else '91+'
    end;

create or replace macro is_after_hours(day, hour_of_day) as
    weekday_name(day) in ('sat', 'sun') or hour_of_day < office_from() or hour_of_day >= office_until();

-- A time of day from the first on and before the second, or up to and with it; nothing lies within where both are the same.
create or replace macro is_within(moment, from_time, until_time, until_included) as
    moment >= from_time and (moment < until_time or (until_included and moment = until_time and from_time != until_time));

-- Out of contact: tried so often and on different days, and neither did anybody answer nor call.
create or replace macro is_lost(live_count, live_span_days, connected_count, inbound_count) as
    live_count >= lost_attempts() and live_span_days >= lost_days() - 1 and connected_count = 0 and inbound_count = 0;

-- The number of a kind of contact (queries/model/61_contact_kinds.sql).
create or replace macro channel_number(channel) as
    case channel
        when 'phone' then 0 when 'sms' then 1 when 'email' then 2 when 'social' then 3 when 'letter' then 4 when 'visit' then 5
        when 'bot' then 6 when 'app' then 7
    end;

create or replace macro outcome_number(outcome) as
    case outcome
        when 'no_answer' then 0 when 'busy' then 1 when 'not_in_service' then 2 when 'voicemail' then 3 when 'delivered' then 4
        when 'undelivered' then 5 when 'opened' then 6 when 'clicked' then 7 when 'answered' then 8 when 'conversation' then 9
        when 'opted_out' then 10 when 'transferred' then 11 when 'abandoned' then 12 when 'failed' then 13
    end;

create or replace macro contact_kind(channel, direction, outcome, debtor, long, after, automated) as
    cast(
        ((((channel_number(channel) * 2 + flag(direction = 'inbound')) * 14 + outcome_number(outcome)) * 2 + debtor) * 2 + long) * 4
        + after * 2 + automated as smallint
    );
