-- One row per kind of cluster, segment (or all cases: is_whole) and pair of arms (an arm with itself: its totals): sums over clusters of what is
-- needed for ratios and their variance. Measures by letter: n cases, p paid, c net cash, b placed balance, k cost, d log of the days past due at
-- placement, s place of the score's band (both the mean of all cases where unknown). Clusters: customers, or the collectors that first held the
-- cases; cases placed in the period and followed so many days. Without a $segment there are the rows of all cases only.
with

bands as (
    select
        score_band,
        row_number() over (order by min(low)) as place,
    from model.score_bands
    group by score_band
),

scores as (
    select
        levels.number as score_band_number,
        bands.place,
    from bands
    inner join model.outcome_levels as levels on levels.dimension = 'score_band' and bands.score_band = levels.value
),

chosen as (
    select
        strategy_number as arm_number,
        case $segment
            when 'age_band' then age_band_number
            when 'region' then region_number
            when 'score_band' then outcomes.score_band_number
            when 'bucket' then bucket_number
            when 'product' then product_number
            else 1
        end as segment_number,
        collector_number,
        -- a customer with one case is a cluster as it stands; only the others' cases have to be put together
        case when customer_cases > 1 then customer_key else 0 end as customer_key,
        case $days when 30 then paid_30_count when 60 then paid_60_count else paid_90_count end as paid,
        case $days when 30 then net_30_amount when 60 then net_60_amount else net_90_amount end as net,
        case $days when 30 then touched_30_amount when 60 then touched_60_amount else touched_90_amount end as touched,
        case $days when 30 then cost_30_amount when 60 then cost_60_amount else cost_90_amount end as cost,
        case $days when 30 then sent_30_count when 60 then sent_60_count else sent_90_count end as sent,
        case $days when 30 then staffed_30_count when 60 then staffed_60_count else staffed_90_count end as staffed,
        placed_amount as placed,
        ln(1 + greatest(placed_dpd, 0)) as overdue,
        scores.place as score,
    from model.case_outcomes as outcomes
    left join scores on outcomes.score_band_number = scores.score_band_number
    where placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) + 1 >= $days
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
),

means as (
    select
        coalesce(avg(overdue), 0) as overdue,
        coalesce(avg(score), 0) as score,
    from chosen
),

each_case as (
    select
        chosen.segment_number,
        chosen.arm_number,
        chosen.collector_number,
        chosen.customer_key,
        chosen.paid,
        chosen.net,
        chosen.placed,
        chosen.cost,
        chosen.touched,
        chosen.sent,
        chosen.staffed,
        cast(chosen.paid as double) as p,
        cast(chosen.net as double) as c,
        cast(chosen.placed as double) as b,
        cast(chosen.cost as double) as k,
        coalesce(chosen.overdue, means.overdue) as d,
        coalesce(chosen.score, means.score) as s,
    from chosen
    cross join means
),

parts as (
    select
        segment_number,
        arm_number,
        collector_number = 0 as is_house,
        customer_key = 0 as is_single,
        count(*) as cases,
        sum(paid) as paid,
        sum(net) as net,
        sum(placed) as placed,
        sum(cost) as cost,
        sum(d) as overdue,
        sum(s) as score,
        sum(touched) as touched,
        sum(sent) as sent,
        sum(staffed) as staffed,
        sum(p * p) as pp, sum(p * c) as pc, sum(p * b) as pb, sum(p * k) as pk, sum(p * d) as pd, sum(p * s) as ps,
        sum(c * c) as cc, sum(c * b) as cb, sum(c * k) as ck, sum(c * d) as cd, sum(c * s) as cs,
        sum(b * b) as bb, sum(b * k) as bk, sum(b * d) as bd, sum(b * s) as bs,
        sum(k * k) as kk, sum(k * d) as kd, sum(k * s) as ks,
        sum(d * d) as dd, sum(d * s) as ds,
        sum(s * s) as ss,
    from each_case
    group by all
),

-- a collector's cases are one cluster, and a customer's of nobody's; or a customer's, whoever had them. Cluster 0: nobody's single cases
together as (
    select
        true as by_customer,
        segment_number,
        arm_number,
        customer_key as cluster_key,
        cast(count(*) as double) as n,
        sum(p) as p,
        sum(c) as c,
        sum(b) as b,
        sum(k) as k,
        sum(d) as d,
        sum(s) as s,
    from each_case
    where customer_key != 0
    group by all
    union all
    select
        false,
        segment_number,
        arm_number,
        case when collector_number = 0 then customer_key else -collector_number end,
        count(*),
        sum(p),
        sum(c),
        sum(b),
        sum(k),
        sum(d),
        sum(s),
    from each_case
    group by all
),

-- and the same for all cases, whatever segment they are of: number 0
clusters as (
    select *
    from together
    where $segment != '' and cluster_key != 0
    union all
    select
        by_customer,
        0,
        arm_number,
        cluster_key,
        sum(n),
        sum(p),
        sum(c),
        sum(b),
        sum(k),
        sum(d),
        sum(s),
    from together
    where cluster_key != 0
    group by all
),

singles as (
    select *
    from parts
    where $segment != ''
    union all
    select * replace (0 as segment_number)
    from parts
),

totals as (
    select
        segment_number,
        arm_number,
        sum(cases) as cases,
        sum(paid) as paid,
        sum(net) as net,
        sum(placed) as placed,
        sum(cost) as cost,
        sum(overdue) as overdue,
        sum(score) as score,
        sum(touched) as touched,
        sum(sent) as sent,
        sum(staffed) as staffed,
    from singles
    group by all
),

squares as (
    select
        by_customer,
        segment_number,
        arm_number,
        count(*) as clusters,
        sum(n * n) as nn, sum(n * p) as np, sum(n * c) as nc, sum(n * b) as nb, sum(n * k) as nk, sum(n * d) as nd, sum(n * s) as ns,
        sum(p * p) as pp, sum(p * c) as pc, sum(p * b) as pb, sum(p * k) as pk, sum(p * d) as pd, sum(p * s) as ps,
        sum(c * c) as cc, sum(c * b) as cb, sum(c * k) as ck, sum(c * d) as cd, sum(c * s) as cs,
        sum(b * b) as bb, sum(b * k) as bk, sum(b * d) as bd, sum(b * s) as bs,
        sum(k * k) as kk, sum(k * d) as kd, sum(k * s) as ks,
        sum(d * d) as dd, sum(d * s) as ds,
        sum(s * s) as ss,
    from clusters
    group by all
    union all
    select
        kinds.by_customer,
        singles.segment_number,
        singles.arm_number,
        sum(singles.cases),
        sum(singles.cases), sum(singles.paid), sum(singles.net), sum(singles.placed), sum(singles.cost), sum(singles.overdue), sum(singles.score),
        sum(singles.pp), sum(singles.pc), sum(singles.pb), sum(singles.pk), sum(singles.pd), sum(singles.ps),
        sum(singles.cc), sum(singles.cb), sum(singles.ck), sum(singles.cd), sum(singles.cs),
        sum(singles.bb), sum(singles.bk), sum(singles.bd), sum(singles.bs),
        sum(singles.kk), sum(singles.kd), sum(singles.ks),
        sum(singles.dd), sum(singles.ds),
        sum(singles.ss),
    from singles
    cross join (values (true), (false)) as kinds (by_customer)
    where singles.is_single and (kinds.by_customer or singles.is_house)
    group by all
),

products as (
    select
        by_customer,
        segment_number,
        arm_number as first_number,
        arm_number as second_number,
        sum(clusters) as clusters,
        sum(nn) as nn, sum(np) as np, sum(nc) as nc, sum(nb) as nb, sum(nk) as nk, sum(nd) as nd, sum(ns) as ns,
        sum(np) as pn, sum(pp) as pp, sum(pc) as pc, sum(pb) as pb, sum(pk) as pk, sum(pd) as pd, sum(ps) as ps,
        sum(nc) as cn, sum(pc) as cp, sum(cc) as cc, sum(cb) as cb, sum(ck) as ck, sum(cd) as cd, sum(cs) as cs,
        sum(nb) as bn, sum(pb) as bp, sum(cb) as bc, sum(bb) as bb, sum(bk) as bk, sum(bd) as bd, sum(bs) as bs,
        sum(nk) as kn, sum(pk) as kp, sum(ck) as kc, sum(bk) as kb, sum(kk) as kk, sum(kd) as kd, sum(ks) as ks,
        sum(nd) as dn, sum(pd) as dp, sum(cd) as dc, sum(bd) as db, sum(kd) as dk, sum(dd) as dd, sum(ds) as ds,
        sum(ns) as sn, sum(ps) as sp, sum(cs) as sc, sum(bs) as sb, sum(ks) as sk, sum(ds) as sd, sum(ss) as ss,
    from squares
    group by all
    union all
    -- clusters that have cases in both arms
    select
        x.by_customer,
        x.segment_number,
        x.arm_number,
        y.arm_number,
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
        on x.cluster_key = y.cluster_key and x.segment_number = y.segment_number and x.by_customer = y.by_customer and x.arm_number < y.arm_number
    group by all
)

select
    case when products.by_customer then 'customer' else 'collector' end as cluster,
    products.segment_number = 0 as is_whole,
    coalesce(segments.value, '') as segment,
    firsts.value as first_arm,
    seconds.value as second_arm,
    products.* exclude (by_customer, segment_number, first_number, second_number),
    totals.* exclude (segment_number, arm_number),
from products
inner join model.outcome_levels as firsts on firsts.dimension = 'strategy' and products.first_number = firsts.number
inner join model.outcome_levels as seconds on seconds.dimension = 'strategy' and products.second_number = seconds.number
left join model.outcome_levels as segments on segments.dimension = $segment and products.segment_number = segments.number
left join totals
    on products.segment_number = totals.segment_number
    and products.first_number = totals.arm_number and products.first_number = products.second_number
order by all
