-- Posts per employee who posted, per company and business day.
--
-- A company has a row on every day on which it has users or posts; without posts its ratio is NULL.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   staging.posts: [0, 0]
--   staging.users: [0, 0]
-- checks:
--   not_null: [company_id, posts, active_users]
--   unique: [dt, company_id]
--   between: {posts: [0, null], active_users: [0, null], posts_per_active_user: [1, null]}
WITH rows_by_kind AS (
    SELECT dt, company_id, 1 AS post, user_id
    FROM staging.posts
    WHERE dt BETWEEN :from AND :to
    UNION ALL
    SELECT DISTINCT dt, company_id, 0 AS post, CAST(NULL AS varchar) AS user_id
    FROM staging.users
    WHERE dt BETWEEN :from AND :to
),

counts AS (
    SELECT
        dt,
        company_id,
        sum(post) AS posts,
        count(DISTINCT user_id) AS active_users
    FROM rows_by_kind
    GROUP BY dt, company_id
)

SELECT
    CAST(company_id AS varchar) AS company_id,     -- the customer company
    CAST(posts AS bigint) AS posts,                -- posts that day
    CAST(active_users AS bigint) AS active_users,  -- people who posted
    CAST(CAST(posts AS double) / nullif(active_users, 0) AS double) AS posts_per_active_user, -- NULL if nobody posted
    dt
FROM counts
