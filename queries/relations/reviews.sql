-- One row per quality review in a period.
select
    period.period,
    reviews.*,
from model.reviews as reviews
inner join period on reviews.reviewed_on >= period.start_on and reviews.reviewed_on <= period.until_on
