-- One row per case and known position (placement, or a balances row): the last one known from the day after it until the next.
create table model.positions as
with

known as (
    select
        case_key,
        placed_on as known_on,
        placed_amount as amount,
        placed_dpd as days_past_due,
        cast(null as varchar) as state,
        0 as from_balances,
    from model.cases
    union all
    select
        cases.case_key,
        balances.as_of as known_on,
        balances.balance as amount,
        balances.days_past_due,
        balances.state,
        1 as from_balances,
    from export.balances as balances
    inner join model.cases as cases on balances.case_id = cases.case_id
    where balances.as_of >= cases.placed_on
),

bounded as (
    select
        case_key,
        known_on,
        amount,
        days_past_due,
        state,
        from_balances,
        coalesce(
            lead(known_on) over (partition by case_key order by known_on, from_balances),
            cast('9999-12-31' as date)
        ) as next_known_on,
    from known
)

select
    bounded.case_key,
    bounded.known_on,
    least(bounded.next_known_on, coalesce(cases.left_on, cast('9999-12-31' as date))) as until_on,
    bounded.amount,
    bounded.days_past_due,
    bounded.state,
    bounded.from_balances,
    month_number(bounded.known_on) + 1 as first_month_number,
    month_number(
        least(bounded.next_known_on, coalesce(cases.left_on, cast('9999-12-31' as date)))
    ) as last_month_number,
from bounded
inner join model.cases as cases on bounded.case_key = cases.case_key
where bounded.next_known_on > bounded.known_on
