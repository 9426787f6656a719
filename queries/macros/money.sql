-- What a posting is worth: the one place that says which postings are cash.

create or replace macro ratio(part, whole) as cast(part as double) / nullif(cast(whole as double), 0);

create or replace macro is_posted(status) as coalesce(status, 'posted') = 'posted';

create or replace macro gross_of(kind, status, amount) as
    case when kind = 'payment' and is_posted(status) then amount else cast(0 as decimal(18, 2)) end;

create or replace macro reversed_of(kind, status, amount) as
    case when kind = 'reversal' and is_posted(status) then -amount else cast(0 as decimal(18, 2)) end;

create or replace macro net_of(kind, status, amount) as
    case when kind in ('payment', 'reversal') and is_posted(status) then amount else cast(0 as decimal(18, 2)) end;

create or replace macro month_number(day) as year(day) * 12 + month(day) - 1;

-- A calendar says of a case in which months something was so, as the bits of one number: the as-of day's month first, as many as fit.
create or replace macro month_bit(number) as
    case
        when number <= month_number(as_of_day()) and number > month_number(as_of_day()) - calendar_months()
            then cast(1 as bigint) << (month_number(as_of_day()) - number)
        else cast(0 as bigint)
    end;

create or replace macro month_bits(from_on, until_on) as
    ((cast(1 as bigint) << (month_number(until_on) - month_number(from_on) + 1)) - 1) << (month_number(as_of_day()) - month_number(until_on));

create or replace macro is_marked(calendar, months) as (calendar & months) != 0;

-- Days past due on the eve of a day: the last known, aged by the days between; an account seen at zero stays at zero.
create or replace macro eve_days_past_due(from_balances, days_past_due, known_on, day) as
    case
        when from_balances = 1 and days_past_due <= 0 then 0
        else days_past_due + date_diff('day', known_on, day) - 1
    end;

-- An amount in cents. The largest amount times a hundred has more digits than an amount may have; numbers of twice the width take forty times
-- as long, so that only the largest are put into them.
create or replace macro in_cents(amount) as
    case when abs(amount) < 1000000000000 then cast(amount * 100 as bigint) else cast(cast(amount as decimal(38, 2)) * 100 as bigint) end;

-- How many whole hundredths of one amount another makes up: it reaches a share of two decimals exactly if it has as many.
create or replace macro hundredths_of(part, whole) as
    case
        when whole <= 0 then cast(9999 as smallint)
        when greatest(part, whole) < 1000000000000 then cast(least(in_cents(part) * 100 // in_cents(whole), 9999) as smallint)
        else cast(least(cast(in_cents(part) as hugeint) * 100 // in_cents(whole), 9999) as smallint)
    end;
