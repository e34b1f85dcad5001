-- The events that count as posts. The one list of their types is here.
--
-- owner: people-analytics
-- grain: dt, event_id
-- inputs:
--   staging.events: [0, 0]
-- checks:
--   not_null: [event_id, ts, company_id]
--   unique: [dt, event_id]
--   warn:
--     not_null: [user_id]
SELECT
    CAST(event_id AS varchar) AS event_id,             -- identifies the post
    CAST(ts AS timestamp(3)) AS ts,                    -- when it was posted, UTC
    CAST(company_id AS varchar) AS company_id,         -- the customer company
    CAST(group_id AS varchar) AS group_id,             -- the author's group at that moment; may be missing
    CAST(user_id AS varchar) AS user_id,               -- the author
    CAST(event_type AS varchar) AS event_type,         -- which kind of post
    CAST(target_user_id AS varchar) AS target_user_id, -- whom it was directed at, if anybody
    dt
FROM staging.events
WHERE
    dt BETWEEN :from AND :to
    AND event_type IN (
        'message', 'post', 'comment', 'reply', 'thanks', 'answer', 'comment_question', 'comment_answer'
    )
