-- One row per contact (or group) on a day in a period; the bucket is the one its case opened the month in.
select
    period.period,
    contacts.*,
from rolled.contacts as contacts
inner join period on contacts.contacted_on >= period.start_on and contacts.contacted_on <= period.until_on
