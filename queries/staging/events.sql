-- All events, once each, typed, on their business day.
--
-- A day is read from the files, by UTC date, that can hold it: a row in any other file is left out,
-- so that building many days at once gives the same rows as building each.
-- A `ts` without a zone is UTC. One that cannot be read stops the build: no event vanishes.
--
-- owner: people-analytics
-- grain: dt, event_id
-- inputs:
--   raw.events: business-day
-- checks:
--   not_null: [event_id, ts, company_id, event_type]
--   unique: [dt, event_id]
--   warn:
--     not_null: [user_id]
--     freshness: {ts: 12h}    # else the log may have stopped at noon
WITH days AS (
    SELECT
        CAST(day AS varchar) AS dt,
        CAST(CAST(with_timezone(CAST(day AS timestamp), :time_zone)
            AT TIME ZONE 'UTC' AS date) AS varchar) AS first_file,
        CAST(CAST((with_timezone(CAST(date_add('day', 1, day) AS timestamp), :time_zone)
            - INTERVAL '1' SECOND) AT TIME ZONE 'UTC' AS date) AS varchar) AS last_file
    FROM UNNEST(sequence(DATE :from, DATE :to, INTERVAL '1' DAY)) AS t (day)
),

raw_events AS (
    SELECT
        CAST(event_id AS varchar) AS event_id,
        replace(CAST(ts AS varchar), ' ', 'T') AS ts_text,
        nullif(CAST(company_id AS varchar), '') AS company_id,
        nullif(CAST(group_id AS varchar), '') AS group_id,
        nullif(CAST(user_id AS varchar), '') AS user_id,
        CAST(event_type AS varchar) AS event_type,
        nullif(CAST(target_user_id AS varchar), '') AS target_user_id,
        dt AS file_day
    FROM raw.events
    WHERE dt BETWEEN :files_from AND :files_to
),

timed AS (
    SELECT
        *,
        from_iso8601_timestamp(
            CASE
                WHEN regexp_like(ts_text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}') THEN ts_text
                ELSE concat('no time: ', coalesce(ts_text, 'NULL'), ' in event ', coalesce(event_id, 'NULL'))
            END
        ) AT TIME ZONE 'UTC' AS moment
    FROM raw_events
),

on_days AS (
    SELECT
        timed.*,
        CAST(CAST(moment AT TIME ZONE :time_zone AS date) AS varchar) AS dt
    FROM timed
),

copies AS (
    SELECT
        on_days.*,
        row_number() OVER (
            PARTITION BY on_days.dt, event_id
            ORDER BY moment, company_id, group_id, user_id, event_type, target_user_id
        ) AS copy
    FROM on_days
    JOIN days ON on_days.dt = days.dt AND on_days.file_day BETWEEN days.first_file AND days.last_file
)

SELECT
    CAST(event_id AS varchar) AS event_id,                       -- identifies the event; rows with the same one count once
    CAST(moment AS timestamp(3)) AS ts,                          -- when it happened, UTC
    CAST(company_id AS varchar) AS company_id,                   -- the customer company
    CAST(group_id AS varchar) AS group_id,                       -- the author's group at that moment; may be missing
    CAST(user_id AS varchar) AS user_id,                         -- who did it
    CAST(event_type AS varchar) AS event_type,                   -- what was done
    CAST(target_user_id AS varchar) AS target_user_id,           -- whom it was directed at, if anybody
    dt
FROM copies
WHERE copy = 1
