-- One row per contact by us and rule of contact that covers it, in a period: within it, beyond it, agreed (beyond it with consent), or unchecked and why.
-- The rules are those of the export's regimes, each contact held against the version in force on its day. Whoever called counts towards a cap.
-- What stands out is looked for by itself, so that a million contacts that keep to the rules are gone through once; the days looked at are written
-- out beside `period`, as only what is known beforehand keeps a scan to them. A cap and a gap look back so far as the longest rule does.
with

told as (
    select count(*) > 0 as is_told
    from meta.supplied
    where table_id = 'collectors' and column_id = 'agency'
),

-- a rule for agencies covers their contacts, where it is told which those are
rules as (
    select
        rules.*,
        rules.agencies and told.is_told as is_for_agencies,
        rules.agencies and not told.is_told as is_for_unknown,
        regimes.zone,
    from model.contact_rules as rules
    inner join meta.regimes as regimes on rules.regime = regimes.regime
    cross join told
),

-- the kinds of contact that each rule looks at
covering as (
    select
        kinds.kind,
        kinds.channel,
        kinds.outcome,
        kinds.automation,
        rules.rule_number,
        rules.rule,
        rules.test,
        rules.unit,
        rules.day_count,
        rules.cap,
        rules.valid_from,
        rules.valid_to,
        rules.clock,
        rules.zone,
        rules.work_from,
        rules.work_until,
        rules.rest_from,
        rules.rest_until,
        rules.until_included,
        rules.is_for_agencies,
        rules.is_for_unknown,
    from model.contact_kinds as kinds
    inner join rules
        on list_contains(rules.channels, kinds.channel)
        and case rules.counts
            when 'contact' then true
            when 'conversation' then is_conversation(kinds.outcome)
            when 'connected' then kinds.connected_count = 1
            when 'unanswered' then kinds.connected_count = 0
            when 'call' then kinds.outcome not in ('busy', 'not_in_service', 'failed')
        end
    where kinds.direction = 'outbound'
),

-- what a cap of debtors or cases counts
events as (
    select
        covering.rule_number,
        covering.day_count - 1 as back_count,
        covering.cap,
        touches.rowid as row_id,
        case covering.unit when 'debtor' then coalesce(customers.customer_key, touches.case_key) else touches.case_key end as unit_key,
        date_diff('day', date '2000-01-01', touches.contacted_on) as day_number,
        touches.started_at,
        touches.source_file,
        touches.source_line,
    from model.touches as touches
    inner join covering
        on touches.kind = covering.kind and covering.test = 'count' and covering.unit != 'number'
        and touches.contacted_on >= covering.valid_from and touches.contacted_on < covering.valid_to
    left join model.customer_cases as customers on touches.case_key = customers.case_key
    where
        touches.case_key is not null
        and touches.contacted_on >= list_min($starts::date[]) - longest_rule_days() and touches.contacted_on <= list_max($untils::date[])
),

-- units that have more than the cap at all
full_units as (
    select
        rule_number,
        unit_key,
    from events
    group by rule_number, unit_key
    having count(*) > any_value(cap)
),

placed as (
    select
        events.*,
        row_number() over (
            partition by events.rule_number, events.unit_key order by events.started_at, events.source_file, events.source_line
        ) as place,
    from events
    inner join full_units on events.rule_number = full_units.rule_number and events.unit_key = full_units.unit_key
),

counted as (
    select
        rule_number,
        cap,
        row_id,
        place + 1 - min(place) over (
            partition by rule_number, unit_key order by day_number range between back_count preceding and current row
        ) as nth,
    from placed
),

-- what a cap of numbers counts: more than the cap on one day
numbering as (
    select distinct
        rule_number,
        channel,
        outcome,
        cap,
        valid_from,
        valid_to,
    from covering
    where unit = 'number'
),

dialled as (
    select
        numbering.rule_number,
        numbering.cap,
        contacts.number_id,
        contacts.started_at,
        contacts.source_file,
        contacts.source_line,
        cast(contacts.started_at as date) as contacted_on,
    from export.contacts as contacts
    inner join numbering
        on contacts.channel = numbering.channel and contacts.outcome = numbering.outcome
        and cast(contacts.started_at as date) >= numbering.valid_from and cast(contacts.started_at as date) < numbering.valid_to
    where
        contacts.direction = 'outbound' and contacts.number_id is not null
        and contacts.started_at >= list_min($starts::date[]) and contacts.started_at < list_max($untils::date[]) + 1
),

-- by a hash, which is sooner: should two numbers share one, both are gone through below, each by itself
full_days as (
    select
        rule_number,
        hash(number_id) as number_hash,
        contacted_on,
    from dialled
    group by rule_number, hash(number_id), contacted_on
    having count(*) > any_value(cap)
),

further as (
    select
        dialled.rule_number,
        dialled.contacted_on,
        dialled.started_at,
        dialled.source_file,
        dialled.source_line,
    from dialled
    inner join full_days
        on dialled.rule_number = full_days.rule_number and hash(dialled.number_id) = full_days.number_hash
        and dialled.contacted_on = full_days.contacted_on
    qualify row_number() over (
        partition by dialled.rule_number, dialled.number_id, dialled.contacted_on
        order by dialled.started_at, dialled.source_file, dialled.source_line
    ) > dialled.cap
),

-- conversations about a case, whoever began them
talks as (
    select
        touches.case_key,
        touches.contacted_on,
        touches.started_at,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind and is_dialled(kinds.channel) and is_conversation(kinds.outcome)
    where
        exists (select 1 from rules where rules.test = 'gap')
        and touches.contacted_on >= list_min($starts::date[]) - longest_rule_days() and touches.contacted_on <= list_max($untils::date[])
),

-- where a debtor's clock is asked for: the zones that are known to be zones
zones as (
    select
        cases.case_key,
        customers.timezone as zone,
    from model.cases as cases
    inner join export.customers as customers on cases.customer_id = customers.customer_id
    where customers.timezone in (select name from pg_timezone_names()) and exists (select 1 from rules where rules.clock = 'consumer')
),

broken as (
    select
        rule_number,
        row_id,
    from counted
    where nth > cap
    union all
    select
        further.rule_number,
        touches.rowid as row_id,
    from model.touches as touches
    inner join further
        on touches.contacted_on = further.contacted_on and touches.source_line = further.source_line
        and touches.source_file = further.source_file and touches.started_at = further.started_at
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
    union all
    select distinct
        covering.rule_number,
        touches.rowid as row_id,
    from model.touches as touches
    inner join covering on touches.kind = covering.kind and covering.test = 'gap'
    inner join talks
        on touches.case_key = talks.case_key and talks.started_at < touches.started_at
        and date_diff('day', talks.contacted_on, touches.contacted_on) < covering.day_count
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
    union all
    select
        covering.rule_number,
        touches.rowid as row_id,
    from model.touches as touches
    inner join covering on touches.kind = covering.kind and covering.test = 'stop'
    inner join model.stops as stops
        on touches.case_key = stops.case_key and covering.channel = stops.channel and touches.started_at > stops.stopped_at
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
    union all
    select
        covering.rule_number,
        touches.rowid as row_id,
    from model.touches as touches
    inner join covering
        on touches.kind = covering.kind and covering.clock = 'export'
        and not case
            when is_weekend(touches.contacted_on)
                then is_within(cast(touches.started_at as time), covering.rest_from, covering.rest_until, covering.until_included)
            else is_within(cast(touches.started_at as time), covering.work_from, covering.work_until, covering.until_included)
        end
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
    union all
    select
        rule_number,
        row_id,
    from (
        select
            covering.*,
            touches.rowid as row_id,
            timezone(zones.zone, timezone(covering.zone, touches.started_at)) as local_at,
        from model.touches as touches
        inner join covering on touches.kind = covering.kind and covering.clock = 'consumer'
        inner join zones on touches.case_key = zones.case_key
        )
    where
        not case
            when is_weekend(cast(local_at as date))
                then is_within(cast(local_at as time), rest_from, rest_until, until_included)
            else is_within(cast(local_at as time), work_from, work_until, until_included)
        end
),

-- consent told in a contact with a debtor holds for those after it, up to its end, on every case of theirs
consented as (
    select
        coalesce(others.case_key, consents.case_key) as case_key,
        consents.from_at,
        consents.until_at,
    from model.consents as consents
    left join model.customer_cases as customers on consents.case_key = customers.case_key
    left join model.customer_cases as others on customers.customer_key = others.customer_key
    where consents.from_at < list_max($untils::date[]) + 1 and consents.until_at >= list_min($starts::date[])
),

agreed as (
    select distinct
        broken.rule_number,
        broken.row_id,
    from broken
    inner join rules on broken.rule_number = rules.rule_number and rules.consent
    inner join model.touches as touches on broken.row_id = touches.rowid
    inner join consented
        on touches.case_key = consented.case_key and consented.from_at <= touches.started_at and consented.until_at >= touches.started_at
),

-- by contact and rule in one number; looked up as members of a set, which is built of the few whatever the engine expects there to be
found as (
    select
        broken.row_id * 64 + broken.rule_number as found_key,
        agreed.row_id is not null as is_agreed,
    from broken
    left join agreed on broken.rule_number = agreed.rule_number and broken.row_id = agreed.row_id
),

-- from when on a debtor wants no more of some channel: their contacts since are those that can tell whether that is kept
stopped as (
    select
        case_key,
        min(stopped_at) as stopped_at,
    from model.stops
    group by case_key
),

-- every contact with every rule that covers it
covered as (
    select
        covering.*,
        touches.rowid as row_id,
        touches.* exclude (kind),
    from model.touches as touches
    inner join covering
        on touches.kind = covering.kind and covering.test != 'stop'
        and touches.contacted_on >= covering.valid_from and touches.contacted_on < covering.valid_to
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
    union all
    select
        covering.*,
        touches.rowid as row_id,
        touches.* exclude (kind),
    from model.touches as touches
    inner join stopped on touches.case_key = stopped.case_key and touches.started_at > stopped.stopped_at
    inner join covering on touches.kind = covering.kind and covering.test = 'stop'
    where touches.contacted_on >= list_min($starts::date[]) and touches.contacted_on <= list_max($untils::date[])
),

checked as (
    select
        period.period,
        covered.*,
        covered.row_id * 64 + covered.rule_number as found_key,
        case
            when covered.is_for_unknown then 'no_agency'
            when covered.test = 'hours' and covered.started_at = covered.contacted_on then 'no_time'
            when covered.clock = 'consumer' and (covered.case_key is null or covered.case_key not in (select case_key from zones)) then 'no_zone'
            when covered.case_key is null and (covered.test = 'gap' or covered.unit in ('debtor', 'case')) then 'no_case'
            when covered.unit = 'number' and covered.marks < 4 then 'no_number'
        end as reason,
        case when covered.collector_id = 'house' then 'house' else coalesce(collectors.team, '') end as team,
        coalesce(collectors.agency, '') as agency,
    from covered
    inner join period on covered.contacted_on >= period.start_on and covered.contacted_on <= period.until_on
    left join export.collectors as collectors on covered.collector_id = collectors.collector_id
    where not covered.is_for_agencies or coalesce(collectors.agency, '') != ''
)

select
    checked.period,
    checked.rule,
    case
        when checked.reason is not null then 'unchecked'
        when checked.found_key in (select found_key from found where not is_agreed) then 'beyond'
        when checked.found_key in (select found_key from found where is_agreed) then 'agreed'
        else 'within'
    end as verdict,
    checked.reason,
    checked.case_key,
    checked.contacted_on,
    checked.started_at,
    checked.hour,
    weekday_name(checked.contacted_on) as weekday,
    checked.channel,
    checked.outcome,
    checked.automation,
    checked.collector_id,
    checked.team,
    checked.agency,
    checked.bucket,
    coalesce(attributes.product, '') as product,
    coalesce(attributes.region, '') as region,
    coalesce(attributes.batch, '') as batch,
    coalesce(attributes.placement_number, '') as placement_number,
    coalesce(attributes.strategy, '') as strategy,
    coalesce(attributes.age_band, '') as age_band,
    attributes.placed_month,
    checked.duration_seconds,
    checked.source_file,
    checked.source_line,
from checked
left join model.cases as attributes on checked.case_key = attributes.case_key
