-- How long replies take: the median minutes to a reply, per company, group and business day of the original post.
--
-- A reply to a post from u to v is the earliest post from v to u, later than it and at most 24 hours
-- later. Each post is matched on its own. Only posts that were replied to count.
--
-- owner: people-analytics
-- grain: dt, company_id, group_id
-- inputs:
--   staging.posts: [0, 24h]   # posts of the day's last minute may be answered 24 hours later
-- checks:
--   not_null: [company_id, replied_posts, median_minutes]
--   unique: [dt, company_id, group_id]
--   between: {replied_posts: [1, null], median_minutes: [0, 1440]}
WITH directed AS (
    SELECT
        dt,
        company_id,
        group_id,
        ts,
        least(user_id, target_user_id) AS one,
        greatest(user_id, target_user_id) AS other,
        user_id < target_user_id AS from_one
    FROM staging.posts
    WHERE
        -- Two days on: the day after may have 23 hours.
        dt BETWEEN :from AND CAST(date_add('day', 2, DATE :to) AS varchar)
        AND user_id <> target_user_id
),

-- Backwards in time within a pair: the earliest of all later posts in the other direction. Posts at
-- the very same moment form one group of the frame, and are no replies to each other.
matched AS (
    SELECT
        dt,
        company_id,
        group_id,
        ts,
        CASE
            WHEN from_one THEN min(CASE WHEN NOT from_one THEN ts END) OVER later
            ELSE min(CASE WHEN from_one THEN ts END) OVER later
        END AS reply_ts
    FROM directed
    WINDOW later AS (
        PARTITION BY company_id, one, other
        ORDER BY ts DESC
        GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

replied AS (
    SELECT
        dt,
        company_id,
        group_id,
        CAST(date_diff('millisecond', ts, reply_ts) AS double) / 60000 AS minutes
    FROM matched
    WHERE dt BETWEEN :from AND :to AND reply_ts <= date_add('hour', 24, ts)
),

ranked AS (
    SELECT
        dt,
        company_id,
        group_id,
        minutes,
        row_number() OVER (PARTITION BY dt, company_id, group_id ORDER BY minutes) AS place,
        count(*) OVER (PARTITION BY dt, company_id, group_id) AS replied_posts
    FROM replied
)

SELECT
    CAST(company_id AS varchar) AS company_id,               -- the customer company
    CAST(group_id AS varchar) AS group_id,                   -- the group of the original post; NULL for posts without one
    CAST(max(replied_posts) AS bigint) AS replied_posts,     -- posts that got a reply
    CAST(avg(minutes) AS double) AS median_minutes,          -- from the post to its reply: the middle one, or the mean of the middle two
    dt
FROM ranked
WHERE 2 * place BETWEEN replied_posts AND replied_posts + 2
GROUP BY dt, company_id, group_id
