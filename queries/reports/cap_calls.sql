-- One row per call by us on a case, in a period or up to $days days before its end: for whom, on which day of it, what a cap may count it as.
-- Filters choose calls ($filtered: there are any), not what is counted: a cap holds for all calls to a debtor, whoever made them and on
-- whichever case, so all those of a debtor with a chosen call in the period are here.
with

kinds as (
    select
        kind,
        is_conversation(outcome) as conversation,
        connected_count = 1 as connected,
        connected_count = 0 as unanswered,
        outcome not in ('busy', 'not_in_service', 'failed') as call,
    from model.contact_kinds
    where dialled_count = 1
),

-- the house stands for itself
teams as (
    select
        collector_id,
        coalesce(team, collector_id) as team,
    from export.collectors
    union all
    select
        'house' as collector_id,
        'house' as team,
),

calls as (
    select
        coalesce(customers.customer_key, touches.case_key) as debtor,
        touches.case_key as "case",
        date_diff('day', $start, touches.contacted_on) as day,
        kinds.conversation,
        kinds.connected,
        kinds.unanswered,
        kinds.call,
        (
            touches.contacted_on >= $start
            and ($product is null or touches.case_key in (select case_key from model.cases where list_contains($product, product)))
            and ($bucket is null or list_contains($bucket, touches.bucket))
            and ($region is null or touches.case_key in (select case_key from model.cases where list_contains($region, region)))
            and ($team is null or touches.collector_id in (select collector_id from teams where list_contains($team, team)))
            and ($batch is null or touches.case_key in (select case_key from model.cases where list_contains($batch, batch)))
            and ($teams is null or touches.collector_id in (select collector_id from teams where list_contains($teams, team)))
        ) as chosen,
    from model.touches as touches
    inner join kinds on touches.kind = kinds.kind
    left join model.customer_cases as customers on touches.case_key = customers.case_key
    where
        touches.contacted_on >= $start - cast($days - 1 as integer) and touches.contacted_on <= $until and touches.case_key is not null
)

select *
from calls
where
    true
    and ($filtered is null or debtor in (select matched.debtor from calls as matched where matched.chosen))
