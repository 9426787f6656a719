-- One row per segment and pair of arms (an arm with itself: its totals): sums over clusters of what is needed for ratios and their variance.
-- Clusters: customers, or the collectors that first held the cases ($cluster); cases placed in the period and followed so many days.
with

chosen as (
    select
        strategy as arm,
        case $segment
            when 'age_band' then age_band
            when 'region' then region
            when 'score_band' then score_band
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
    from model.case_outcomes
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
    from clusters
),

squares as (
    select
        segment,
        arm,
        count(*) as clusters,
        sum(n * n) as nn, sum(n * p) as np, sum(n * c) as nc, sum(n * b) as nb, sum(n * k) as nk,
        sum(p * p) as pp, sum(p * c) as pc, sum(p * b) as pb, sum(p * k) as pk,
        sum(c * c) as cc, sum(c * b) as cb, sum(c * k) as ck,
        sum(b * b) as bb, sum(b * k) as bk,
        sum(k * k) as kk,
    from alone
    group by all
),

products as (
    select
        segment,
        arm as first_arm,
        arm as second_arm,
        clusters,
        nn, np, nc, nb, nk,
        np as pn, pp, pc, pb, pk,
        nc as cn, pc as cp, cc, cb, ck,
        nb as bn, pb as bp, cb as bc, bb, bk,
        nk as kn, pk as kp, ck as kc, bk as kb, kk,
    from squares
    union all
    -- clusters that have cases in both arms
    select
        x.segment,
        x.arm,
        y.arm,
        count(*),
        sum(x.n * y.n), sum(x.n * y.p), sum(x.n * y.c), sum(x.n * y.b), sum(x.n * y.k),
        sum(x.p * y.n), sum(x.p * y.p), sum(x.p * y.c), sum(x.p * y.b), sum(x.p * y.k),
        sum(x.c * y.n), sum(x.c * y.p), sum(x.c * y.c), sum(x.c * y.b), sum(x.c * y.k),
        sum(x.b * y.n), sum(x.b * y.p), sum(x.b * y.c), sum(x.b * y.b), sum(x.b * y.k),
        sum(x.k * y.n), sum(x.k * y.p), sum(x.k * y.c), sum(x.k * y.b), sum(x.k * y.k),
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
