-- One row per kind of contact (channel, direction, outcome, and what else decides): what such a contact counts for, as flags of 0 and 1.
-- A contact keeps the number of its kind, so that at a million cases twenty million rows need no flags of their own and no text compared.
create table model.contact_kinds as
with

kinds as (
    select
        channels.channel,
        directions.direction,
        outcomes.outcome,
        debtors.debtor,
        longs.long,
        afters.after,
        machines.automated,
    from (values ('phone'), ('sms'), ('email'), ('social'), ('letter'), ('visit'), ('bot'), ('app')) as channels (channel)
    cross join (values ('outbound'), ('inbound')) as directions (direction)
    cross join (
        values ('no_answer'), ('busy'), ('not_in_service'), ('voicemail'), ('delivered'), ('undelivered'), ('opened'), ('clicked'), ('answered'),
        ('conversation'), ('opted_out'), ('transferred'), ('abandoned'), ('failed')
    ) as outcomes (outcome)
    cross join (values (0), (1)) as debtors (debtor)
    cross join (values (0), (1)) as longs (long)
    cross join (values (0), (1)) as afters (after)
    cross join (values (0), (1)) as machines (automated)
)

select
    contact_kind(channel, direction, outcome, debtor, long, after, automated) as kind,
    channel,
    direction,
    outcome,
    automated,
    case when automated = 1 then 'automated' else 'human' end as automation,
    flag(direction = 'outbound') as attempt_count,
    flag(direction = 'inbound') as inbound_count,
    flag(direction = 'outbound' and is_live(channel)) as live_count,
    flag(direction = 'outbound' and is_dialled(channel)) as dialled_count,
    flag(direction = 'outbound' and is_connected(channel, outcome)) as connected_count,
    flag(direction = 'outbound' and is_dialled(channel) and is_connected(channel, outcome)) as call_connected_count,
    flag(direction = 'outbound' and is_dialled(channel) and is_connected(channel, outcome) and long = 1) as contact_count,
    flag(direction = 'outbound' and is_live(channel) and is_conversation(outcome) and debtor = 1) as right_party_count,
    flag(is_conversation(outcome) and debtor = 1) as debtor_talk_count,
    flag(direction = 'outbound' and is_message(channel)) as message_count,
    flag(direction = 'outbound' and is_delivered(channel, outcome)) as delivered_count,
    flag(direction = 'outbound' and (is_delivered(channel, outcome) or is_connected(channel, outcome))) as reached_count,
    flag(direction = 'outbound' and tells_opens(channel) and is_delivered(channel, outcome)) as openable_count,
    flag(direction = 'outbound' and tells_opens(channel) and outcome in ('opened', 'clicked')) as opened_count,
    flag(direction = 'outbound' and channel != 'letter' and is_delivered(channel, outcome)) as clickable_count,
    flag(direction = 'outbound' and channel != 'letter' and is_delivered(channel, outcome) and outcome = 'clicked') as clicked_count,
    flag(direction = 'outbound' and outcome = 'opted_out') as opted_out_count,
    flag(direction = 'outbound' and has_number(channel)) as number_count,
    flag(direction = 'outbound' and has_number(channel) and not is_bad_number(outcome)) as valid_number_count,
    flag(direction = 'outbound' and automated = 1) as automated_count,
    flag(direction = 'inbound' and after = 1) as after_hours_count,
    flag(direction = 'inbound' and after = 1 and outcome in ('answered', 'conversation', 'transferred')) as after_hours_answered_count,
    flag(automated = 1 and is_connected(channel, outcome)) as automated_answered_count,
from kinds
