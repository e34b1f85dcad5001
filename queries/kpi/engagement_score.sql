-- One number for how alive a company's network is, 0 to 100, per company and business day.
--
-- score = 100 x (0.4 x active users / weekly active users        how many of the week's people came
--              + 0.4 x retention after 7 days                    how many came back
--              + 0.2 x least(posts per active user / 5, 1))      how much they had to say
-- A part that is NULL counts as 0. A company has a row on each day with somebody active in the week.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   kpi.weekly_active_users: [0, 0]
--   kpi.posts_per_active_user: [0, 0]
--   kpi.retention_7d: [0, 0]
-- checks:
--   not_null: [company_id, engagement_score]
--   unique: [dt, company_id]
--   between: {engagement_score: [0, 100]}
WITH weekly AS (
    SELECT dt, company_id, weekly_active_users
    FROM kpi.weekly_active_users
    WHERE dt BETWEEN :from AND :to
),

daily AS (
    SELECT dt, company_id, active_users, posts_per_active_user
    FROM kpi.posts_per_active_user
    WHERE dt BETWEEN :from AND :to
),

retention AS (
    SELECT dt, company_id, retention_7d
    FROM kpi.retention_7d
    WHERE dt BETWEEN :from AND :to
),

parts AS (
    SELECT
        weekly.dt,
        weekly.company_id,
        coalesce(CAST(daily.active_users AS double) / weekly.weekly_active_users, 0) AS came,
        coalesce(retention.retention_7d, 0) AS came_back,
        coalesce(least(daily.posts_per_active_user / 5, 1), 0) AS said
    FROM weekly
    LEFT JOIN daily ON daily.dt = weekly.dt AND daily.company_id = weekly.company_id
    LEFT JOIN retention ON retention.dt = weekly.dt AND retention.company_id = weekly.company_id
)

SELECT
    CAST(company_id AS varchar) AS company_id, -- the customer company
    CAST(100 * (0.4E0 * came + 0.4E0 * came_back + 0.2E0 * said) AS double) AS engagement_score, -- 0 to 100; see the formula above
    dt
FROM parts
