-- The daily snapshot of users, once each.
--
-- owner: people-analytics
-- grain: dt, company_id, user_id
-- inputs:
--   raw.users: [0, 0]
-- checks:
--   not_null: [company_id, user_id]
--   unique: [dt, company_id, user_id]
WITH copies AS (
    SELECT
        nullif(CAST(user_id AS varchar), '') AS user_id,
        nullif(CAST(company_id AS varchar), '') AS company_id,
        nullif(CAST(group_id AS varchar), '') AS group_id,
        dt
    FROM raw.users
    WHERE dt BETWEEN :from AND :to
)

SELECT
    CAST(user_id AS varchar) AS user_id,         -- identifies the user within the company
    CAST(company_id AS varchar) AS company_id,   -- the customer company
    CAST(min(group_id) AS varchar) AS group_id,  -- the user's group that day; may be missing
    dt
FROM copies
GROUP BY dt, company_id, user_id
