-- Employees who posted, per company, group and business day.
--
-- The group is the one on the author's event. Who posted in two groups counts in both.
--
-- owner: people-analytics
-- grain: dt, company_id, group_id
-- inputs:
--   staging.posts: [0, 0]
-- checks:
--   not_null: [company_id, active_users]
--   unique: [dt, company_id, group_id]
--   between: {active_users: [1, null]}
SELECT
    CAST(company_id AS varchar) AS company_id,               -- the customer company
    CAST(group_id AS varchar) AS group_id,                   -- the author's group; NULL for events without one
    CAST(count(DISTINCT user_id) AS bigint) AS active_users, -- people who posted
    dt
FROM staging.posts
WHERE dt BETWEEN :from AND :to AND user_id IS NOT NULL
GROUP BY dt, company_id, group_id
