-- How many of those who posted a week ago posted again, per company and business day.
--
-- A company has a row on every day on which it has users, or posts then or a week before; if nobody
-- posted a week ago the ratio is NULL.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   staging.posts: [-7, 0]
--   staging.users: [0, 0]
-- checks:
--   not_null: [company_id, active_a_week_ago, retained]
--   unique: [dt, company_id]
--   between: {active_a_week_ago: [0, null], retained: [0, null], retention_7d: [0, 1]}
WITH active AS (
    SELECT DISTINCT dt, company_id, user_id
    FROM staging.posts
    WHERE
        dt BETWEEN CAST(date_add('day', -7, DATE :from) AS varchar) AND :to
        AND user_id IS NOT NULL
),

-- Each day with a post speaks twice: for itself, and as "a week ago" for the day a week later.
people AS (
    SELECT dt, company_id, user_id, 1 AS today, 0 AS a_week_ago
    FROM active
    UNION ALL
    SELECT
        CAST(date_add('day', 7, CAST(dt AS date)) AS varchar) AS dt,
        company_id,
        user_id,
        0 AS today,
        1 AS a_week_ago
    FROM active
    UNION ALL
    SELECT DISTINCT dt, company_id, CAST(NULL AS varchar) AS user_id, 0 AS today, 0 AS a_week_ago
    FROM staging.users
    WHERE dt BETWEEN :from AND :to
),

person_days AS (
    SELECT
        dt,
        company_id,
        user_id,
        max(today) AS today,
        max(a_week_ago) AS a_week_ago
    FROM people
    WHERE dt BETWEEN :from AND :to
    GROUP BY dt, company_id, user_id
),

counts AS (
    SELECT
        dt,
        company_id,
        sum(a_week_ago) AS active_a_week_ago,
        sum(today * a_week_ago) AS retained
    FROM person_days
    GROUP BY dt, company_id
)

SELECT
    CAST(company_id AS varchar) AS company_id,               -- the customer company
    CAST(active_a_week_ago AS bigint) AS active_a_week_ago,  -- people who posted seven days before
    CAST(retained AS bigint) AS retained,                    -- of those, people who posted on the day
    CAST(CAST(retained AS double) / nullif(active_a_week_ago, 0) AS double) AS retention_7d, -- retained / active_a_week_ago; NULL if nobody
    dt
FROM counts
