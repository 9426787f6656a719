-- One row per quality review, with the contacts it stands for (its sampling weight) and whether it failed.
create table model.reviews as
select
    reviews.review_id,
    reviews.reviewed_on,
    reviews.collector_id,
    coalesce(staff.team, '') as team,
    coalesce(staff.agency, '') as agency,
    coalesce(staff.site, '') as site,
    coalesce(staff.grade, '') as grade,
    cast(reviews.score as decimal(18, 2)) as score,
    cast(coalesce(reviews.sampling_weight, 1) as decimal(18, 4)) as weight,
    coalesce(reviews.critical, false) as is_critical,
    (reviews.score < review_pass_mark() or coalesce(reviews.critical, false)) as is_failed,
    reviews.source_line,
from export.reviews as reviews
left join model.staff as staff on reviews.collector_id = staff.collector_id
order by reviews.reviewed_on, reviews.review_id
