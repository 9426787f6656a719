-- One row per contact in which a case's debtor consented to more contact than a rule allows: from when, and until when.
create table model.consents as
select
    cases.case_key,
    contacts.started_at as from_at,
    contacts.consent_until as until_at,
from export.contacts as contacts
inner join model.cases as cases on contacts.case_id = cases.case_id
where contacts.consent_until is not null and cast(contacts.started_at as date) <= as_of_day()
order by cases.case_key, contacts.started_at, contacts.consent_until
