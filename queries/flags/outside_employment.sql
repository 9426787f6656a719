-- One row per contact made before its collector was hired or after the collector left.
select
    'outside_employment' as kind,
    'contacts' as table_id,
    contacts.source_file,
    contacts.source_line,
    contacts.contact_id as key,
    contacts.collector_id || ' / ' || cast(contacts.started_at as varchar) as detail,
from export.contacts as contacts
inner join export.collectors as collectors on contacts.collector_id = collectors.collector_id
where
    cast(contacts.started_at as date) < collectors.hired_on
    or cast(contacts.started_at as date) > collectors.left_on
