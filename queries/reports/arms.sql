-- One row per segment and pair of arms (an arm with itself: its totals): sums over clusters of what is needed for ratios and their variance.
-- Measures by letter: n cases, p paid, c net cash, b placed balance, k cost, d log of the days past due at placement, s place of the score's
-- band (both the mean of all cases where unknown). Clusters: customers, or the collectors that first held the cases ($cluster); cases placed
-- in the period and followed so many days.
with

scores as (
    select
        score_band,
        row_number() over (order by min(low)) as place,
    from model.score_bands
    group by all
),

chosen as (
    select
        strategy as arm,
        case $segment
            when 'age_band' then age_band
            when 'region' then region
            when 'score_band' then outcomes.score_band
            when 'bucket' then bucket
            when 'product' then product
            else ''
        end as segment,
        case when $cluster = 'collector' and collector_id != 'house' then collector_id else '' end as collector_id,
        case when $cluster = 'collector' and collector_id != 'house' then 0 else customer_key end as customer_key,
        customer_cases,
        case $days when 30 then paid_30_count when 60 then paid_60_count else paid_90_count end as paid,
        case $days when 30 then net_30_amount when 60 then net_60_amount else net_90_amount end as net,
        case $days when 30 then touched_30_amount when 60 then touched_60_amount else touched_90_amount end as touched,
        case $days when 30 then cost_30_amount when 60 then cost_60_amount else cost_90_amount end as cost,
        case $days when 30 then sent_30_count when 60 then sent_60_count else sent_90_count end as sent,
        case $days when 30 then staffed_30_count when 60 then staffed_60_count else staffed_90_count end as staffed,
        placed_amount as placed,
        coalesce(ln(1 + greatest(placed_dpd, 0)), avg(ln(1 + greatest(placed_dpd, 0))) over (), 0) as overdue,
        coalesce(scores.place, avg(scores.place) over (), 0) as score,
    from model.case_outcomes as outcomes
    left join scores on outcomes.score_band = scores.score_band
    where placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) + 1 >= $days
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
),

totals as (
    select
        segment,
        arm,
        count(*) as cases,
        sum(paid) as paid,
        sum(net) as net,
        sum(placed) as placed,
        sum(cost) as cost,
        sum(overdue) as overdue,
        sum(score) as score,
        sum(touched) as touched,
        sum(sent) as sent,
        sum(staffed) as staffed,
    from chosen
    group by all
),

-- a customer with one case is a cluster as it stands; only the others' cases have to be put together
clusters as (
    select
        segment,
        arm,
        collector_id,
        customer_key,
        max(customer_cases) as customer_cases,
        cast(count(*) as double) as n,
        cast(sum(paid) as double) as p,
        cast(sum(net) as double) as c,
        cast(sum(placed) as double) as b,
        cast(sum(cost) as double) as k,
        sum(overdue) as d,
        sum(score) as s,
    from chosen
    where customer_cases > 1 or collector_id != ''
    group by all
),

alone as (
    select
        segment,
        arm,
        cast(1 as double) as n,
        cast(paid as double) as p,
        cast(net as double) as c,
        cast(placed as double) as b,
        cast(cost as double) as k,
        overdue as d,
        score as s,
    from chosen
    where customer_cases = 1 and collector_id = ''
    union all
    select
        segment,
        arm,
        n,
        p,
        c,
        b,
        k,
        d,
        s,
    from clusters
),

squares as (
    select
        segment,
        arm,
        count(*) as clusters,
        sum(n * n) as nn, sum(n * p) as np, sum(n * c) as nc, sum(n * b) as nb, sum(n * k) as nk, sum(n * d) as nd, sum(n * s) as ns,
        sum(p * p) as pp, sum(p * c) as pc, sum(p * b) as pb, sum(p * k) as pk, sum(p * d) as pd, sum(p * s) as ps,
        sum(c * c) as cc, sum(c * b) as cb, sum(c * k) as ck, sum(c * d) as cd, sum(c * s) as cs,
        sum(b * b) as bb, sum(b * k) as bk, sum(b * d) as bd, sum(b * s) as bs,
        sum(k * k) as kk, sum(k * d) as kd, sum(k * s) as ks,
        sum(d * d) as dd, sum(d * s) as ds,
        sum(s * s) as ss,
    from alone
    group by all
),

products as (
    select
        segment,
        arm as first_arm,
        arm as second_arm,
        clusters,
        nn, np, nc, nb, nk, nd, ns,
        np as pn, pp, pc, pb, pk, pd, ps,
        nc as cn, pc as cp, cc, cb, ck, cd, cs,
        nb as bn, pb as bp, cb as bc, bb, bk, bd, bs,
        nk as kn, pk as kp, ck as kc, bk as kb, kk, kd, ks,
        nd as dn, pd as dp, cd as dc, bd as db, kd as dk, dd, ds,
        ns as sn, ps as sp, cs as sc, bs as sb, ks as sk, ds as sd, ss,
    from squares
    union all
    -- clusters that have cases in both arms
    select
        x.segment,
        x.arm,
        y.arm,
        count(*),
        sum(x.n * y.n), sum(x.n * y.p), sum(x.n * y.c), sum(x.n * y.b), sum(x.n * y.k), sum(x.n * y.d), sum(x.n * y.s),
        sum(x.p * y.n), sum(x.p * y.p), sum(x.p * y.c), sum(x.p * y.b), sum(x.p * y.k), sum(x.p * y.d), sum(x.p * y.s),
        sum(x.c * y.n), sum(x.c * y.p), sum(x.c * y.c), sum(x.c * y.b), sum(x.c * y.k), sum(x.c * y.d), sum(x.c * y.s),
        sum(x.b * y.n), sum(x.b * y.p), sum(x.b * y.c), sum(x.b * y.b), sum(x.b * y.k), sum(x.b * y.d), sum(x.b * y.s),
        sum(x.k * y.n), sum(x.k * y.p), sum(x.k * y.c), sum(x.k * y.b), sum(x.k * y.k), sum(x.k * y.d), sum(x.k * y.s),
        sum(x.d * y.n), sum(x.d * y.p), sum(x.d * y.c), sum(x.d * y.b), sum(x.d * y.k), sum(x.d * y.d), sum(x.d * y.s),
        sum(x.s * y.n), sum(x.s * y.p), sum(x.s * y.c), sum(x.s * y.b), sum(x.s * y.k), sum(x.s * y.d), sum(x.s * y.s),
    from clusters as x
    inner join clusters as y
        on x.customer_key = y.customer_key and x.collector_id = y.collector_id and x.segment = y.segment and x.arm < y.arm
    where x.customer_cases > 1 and y.customer_cases > 1 or x.collector_id != ''
    group by all
)

select
    products.*,
    totals.* exclude (segment, arm),
from products
left join totals
    on products.segment = totals.segment and products.first_arm = totals.arm and products.first_arm = products.second_arm
order by all
