-- Who writes to whom: directed posts by group of author and group of target, per company and business day.
--
-- The author's group is the one on the event, the target's the one in the day's snapshot of users.
-- Posts within a group are there too; posts directed at nobody are not.
--
-- owner: people-analytics
-- grain: dt, company_id, author_group, target_group
-- inputs:
--   staging.posts: [0, 0]
--   staging.users: [0, 0]
-- checks:
--   not_null: [company_id, posts]
--   unique: [dt, company_id, author_group, target_group]
--   between: {posts: [1, null]}
--   warn:
--     reference:              # else the snapshot of users may lack a group, or name it otherwise
--       company_id, author_group: staging.users(company_id, group_id)
WITH directed AS (
    SELECT dt, company_id, group_id, target_user_id
    FROM staging.posts
    WHERE dt BETWEEN :from AND :to AND target_user_id IS NOT NULL
),

users AS (
    SELECT dt, company_id, user_id, group_id
    FROM staging.users
    WHERE dt BETWEEN :from AND :to
)

SELECT
    CAST(directed.company_id AS varchar) AS company_id, -- the customer company
    CAST(directed.group_id AS varchar) AS author_group, -- NULL if the event has no group
    CAST(users.group_id AS varchar) AS target_group,    -- NULL if the target has none or is not in the snapshot
    CAST(count(*) AS bigint) AS posts,                  -- posts from the one group to the other
    directed.dt
FROM directed
LEFT JOIN users
    ON
        users.dt = directed.dt
        AND users.company_id = directed.company_id
        AND users.user_id = directed.target_user_id
GROUP BY directed.dt, directed.company_id, directed.group_id, users.group_id
