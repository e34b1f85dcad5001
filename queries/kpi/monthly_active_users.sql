-- Employees who posted in the trailing 28 days, per company and business day.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   staging.posts: [-27, 0]
-- checks:
--   not_null: [company_id, monthly_active_users]
--   unique: [dt, company_id]
--   between: {monthly_active_users: [1, null]}
WITH active AS (
    SELECT DISTINCT
        company_id,
        user_id,
        CAST(dt AS date) AS day
    FROM staging.posts
    WHERE
        dt BETWEEN CAST(date_add('day', -27, DATE :from) AS varchar) AND :to
        AND user_id IS NOT NULL
),

-- From a day with a post on, a person counts for 28 days, or until the next day with a post.
-- So each day is read and each person counted once, however many days are built together.
stays AS (
    SELECT
        company_id,
        day AS first_day,
        least(
            date_add('day', 28, day),
            lead(day, 1, DATE '9999-12-31') OVER (PARTITION BY company_id, user_id ORDER BY day)
        ) AS gone_day
    FROM active
),

changes AS (
    SELECT company_id, first_day AS day, 1 AS change FROM stays
    UNION ALL
    SELECT company_id, gone_day AS day, -1 AS change FROM stays
    UNION ALL
    SELECT companies.company_id, days.day, 0 AS change
    FROM (SELECT DISTINCT company_id FROM active) AS companies
    CROSS JOIN UNNEST(sequence(DATE :from, DATE :to, INTERVAL '1' DAY)) AS days (day)
),

counts AS (
    SELECT
        company_id,
        day,
        sum(sum(change)) OVER (PARTITION BY company_id ORDER BY day) AS people
    FROM changes
    GROUP BY company_id, day
)

SELECT
    CAST(company_id AS varchar) AS company_id,     -- the customer company
    CAST(people AS bigint) AS monthly_active_users, -- people who posted on the day or the 27 days before
    CAST(day AS varchar) AS dt
FROM counts
WHERE day BETWEEN DATE :from AND DATE :to AND people > 0
