-- title: Users by e-mail domain
-- description: Which organisations use the product; addresses themselves are masked.
-- chart: bar x=email_domain y=users
select
    coalesce(email_domain, 'unknown') as email_domain,
    count(*) as users
from dim_users
group by coalesce(email_domain, 'unknown')
order by users desc, email_domain asc
limit 20
