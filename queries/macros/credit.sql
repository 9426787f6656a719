-- How a payment is shared among the contacts before it: the one place that says what a touch is and what each counts.

-- Whole cents of an amount that fall on the first `part` of `whole`: dealt out in order, what each next part gets adds up to the amount.
create or replace macro dealt(cents, part, whole) as
    case
        when cents < 100000000000 then cents * part // nullif(whole, 0)
        else cast(cast(cents as hugeint) * part // nullif(whole, 0) as bigint)
    end;

-- What a touch weighs in time decay, in thousandths, by its age in days before the payment: half as much every seven days.
create or replace macro decayed(age_days) as cast(round(1000 * power(0.5, age_days / 7)) as bigint);

create or replace macro signed(is_negative, cents) as cast((case when is_negative then -cents else cents end) * cast(0.01 as decimal(3, 2)) as decimal(18, 2));
