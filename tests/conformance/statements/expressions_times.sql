-- Dates, timestamps, zones, intervals, parsing and formatting.
year(da)
month(da)
day(da)
quarter(da)
week(da)
day_of_week(da)
day_of_year(da)
year_of_week(da)
yow(da)
dow(ts)
doy(ts)
last_day_of_month(da)
hour(ts)
minute(ts)
second(ts)
millisecond(ts)
extract(year FROM ts)
extract(week FROM da)
extract(dow FROM da)
extract(hour FROM ts)
extract(timezone_hour FROM from_iso8601_timestamp('2020-01-01T00:00:00+09:00'))
date(ts)
date(iso)
try(date(iso))
da + INTERVAL '1' DAY
da - INTERVAL '1' MONTH
da + INTERVAL '1' YEAR
ts + INTERVAL '90' MINUTE
ts - INTERVAL '1' HOUR
ts + INTERVAL '1' MONTH
ts + INTERVAL '1.5' SECOND
ts - ts
ts - TIMESTAMP '2020-01-01 00:00:00'
da - DATE '2020-01-01'
date_add('day', 1, da)
date_add('month', 1, da)
date_add('month', -1, DATE '2020-03-31')
date_add('year', 1, da)
date_add('week', 2, da)
date_add('quarter', 1, da)
date_add('hour', 5, ts)
date_add('minute', -90, ts)
date_add('second', i % 100, ts)
date_add('millisecond', 1, ts)
date_add('day', ti, da)
date_diff('day', da, DATE '2020-01-01')
date_diff('month', da, DATE '2020-01-31')
date_diff('year', da, DATE '2020-06-15')
date_diff('week', da, DATE '2020-06-15')
date_diff('quarter', da, DATE '2020-06-15')
date_diff('hour', ts, TIMESTAMP '2020-01-01 00:00:00')
date_diff('minute', ts, TIMESTAMP '2020-01-01 00:00:00.5')
date_diff('second', ts, TIMESTAMP '2020-01-01 00:00:00.5')
date_diff('millisecond', ts, TIMESTAMP '2020-01-01 00:00:00.5')
date_diff('day', ts, TIMESTAMP '2020-01-01 00:00:00')
date_diff('month', ts, TIMESTAMP '2020-01-31 00:00:00')
date_trunc('day', ts)
date_trunc('hour', ts)
date_trunc('minute', ts)
date_trunc('second', ts)
date_trunc('week', da)
date_trunc('month', da)
date_trunc('quarter', da)
date_trunc('year', ts)
date_trunc('week', ts)
date_format(ts, '%Y-%m-%d')
date_format(ts, '%H:%i:%s')
date_format(ts, '%Y-%m-%d %T')
date_format(ts, '%a %b %e %Y')
date_format(ts, '%W %M %d %y')
date_format(ts, '%j')
date_format(ts, '%p %h %l %k')
date_format(ts, '%f')
date_format(ts, '%%')
date_format(da, '%d/%m/%Y')
date_format(ts, '%v %x')
date_parse('2020-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')
date_parse('02/01/2020', '%d/%m/%Y')
try(date_parse(iso, '%Y-%m-%dT%H:%i:%sZ'))
date_parse('20200102', '%Y%m%d')
format_datetime(ts, 'yyyy-MM-dd HH:mm:ss')
format_datetime(ts, 'YYYY/MM/dd')
format_datetime(ts, 'EEE, d MMM yyyy')
format_datetime(ts, 'yyyy-MM-dd''T''HH:mm:ss.SSS')
parse_datetime('2020-01-02 03:04', 'yyyy-MM-dd HH:mm')
parse_datetime('2020-01-02 03:04 +0900', 'yyyy-MM-dd HH:mm Z')
from_unixtime(bi % 10000000000)
from_unixtime(1577836800)
from_unixtime(1577836800.5)
from_unixtime(0, 'Asia/Tokyo')
to_unixtime(ts)
to_unixtime(from_iso8601_timestamp('2020-01-01T00:00:00Z'))
from_iso8601_date('2020-01-02')
from_iso8601_timestamp('2020-01-02T03:04:05Z')
from_iso8601_timestamp('2020-01-02T03:04:05.678Z')
from_iso8601_timestamp('2020-01-02T03:04:05+09:00')
from_iso8601_timestamp('2020-01-02')
try(from_iso8601_timestamp(iso))
try(from_iso8601_timestamp(iso)) AT TIME ZONE 'Asia/Tokyo'
try(CAST(from_iso8601_timestamp(iso) AT TIME ZONE 'America/Los_Angeles' AS date))
CAST(from_iso8601_timestamp('2020-01-02T20:00:00Z') AT TIME ZONE 'Asia/Tokyo' AS date)
CAST(from_iso8601_timestamp('2020-01-02T20:00:00Z') AT TIME ZONE 'Asia/Tokyo' AS timestamp)
CAST(CAST(from_iso8601_timestamp('2020-07-02T20:00:00Z') AT TIME ZONE 'Europe/Berlin' AS date) AS varchar)
to_iso8601(da)
to_iso8601(ts)
to_iso8601(from_iso8601_timestamp('2020-01-02T03:04:05Z'))
with_timezone(ts, 'Asia/Tokyo')
with_timezone(ts, 'America/New_York')
at_timezone(with_timezone(ts, 'UTC'), 'Europe/Berlin')
ts AT TIME ZONE 'Asia/Tokyo'
ts AT TIME ZONE 'America/New_York'
hour(ts AT TIME ZONE 'Asia/Tokyo')
date_trunc('day', ts AT TIME ZONE 'Asia/Tokyo')
CAST(ts AT TIME ZONE 'America/New_York' AS varchar)
CAST(ts AT TIME ZONE 'America/New_York' AS date)
date_add('day', 1, with_timezone(ts, 'America/New_York'))
date_add('hour', 24, with_timezone(ts, 'America/New_York'))
date_diff('day', with_timezone(ts, 'America/New_York'), with_timezone(TIMESTAMP '2020-03-09 00:00:00', 'America/New_York'))
date_diff('hour', with_timezone(TIMESTAMP '2020-03-08 00:00:00', 'America/New_York'), with_timezone(TIMESTAMP '2020-03-09 00:00:00', 'America/New_York'))
TIMESTAMP '2020-01-01 00:00:00 Asia/Tokyo'
TIMESTAMP '2020-01-01 00:00:00 UTC' = TIMESTAMP '2020-01-01 09:00:00 Asia/Tokyo'
TIMESTAMP '2020-01-01 00:00:00.123456'
DATE '2020-01-01' < ts
da = ts
da BETWEEN DATE '2000-01-01' AND DATE '2020-12-31'
ts >= TIMESTAMP '2000-01-01 00:00:00'
da > DATE '2020-01-01' - INTERVAL '1' YEAR
greatest(da, DATE '2010-01-01')
INTERVAL '1' DAY
INTERVAL '2' YEAR
INTERVAL '1' DAY + INTERVAL '2' HOUR
TIME '01:02:03'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) > TIME '12:00:00'
sequence(DATE '2020-01-30', DATE '2020-02-02')
sequence(DATE '2020-01-01', DATE '2020-04-01', INTERVAL '1' MONTH)
sequence(TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 03:00:00', INTERVAL '1' HOUR)
cardinality(sequence(DATE '2020-01-01', DATE '2020-12-31'))
timezone_hour(TIMESTAMP '2020-01-01 00:00:00 Asia/Tokyo')
human_readable_seconds(to_unixtime(ts))
date_add('day', -6, CAST('2004-05-20' AS date))
CAST(date_add('day', -6, CAST('2004-05-20' AS date)) AS varchar)
date_format(date_add('day', 1, CAST('2004-05-31' AS date)), '%Y-%m-%d')
parse_duration('3.5m')
from_unixtime(1585440000, 'Europe/Berlin')
from_unixtime(k * 86400, 'America/New_York')
date_format(da, '%x-W%v')
date_format(ts, '%r')
format_datetime(da, 'xxxx-''W''ww')
format_datetime(ts, 'YYYY')
date_trunc('day', from_unixtime(1585440000.5, 'Asia/Tokyo'))
INTERVAL '3' MONTH * -5
INTERVAL '1' YEAR + INTERVAL '14' MONTH
(ts - TIMESTAMP '2020-01-01 00:00:00') * 2
-(ts - TIMESTAMP '2020-01-01 00:00:00')
CAST(NULL AS interval year to month)
CAST(INTERVAL '36' HOUR AS varchar)
TIME '01:02'
TIME '1:2:3'
TIME '23:59:59.123456'
TIME '24:00:00'
TIME '01:02:03.1234567'
TIME '01:02:03 +09:00'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time(0))
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time(1))
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time(6))
CAST(TIMESTAMP '2020-01-01 23:59:59.9996' AS time)
CAST(TIMESTAMP '2020-01-01 23:59:59.5' AS time(0))
CAST(ts AT TIME ZONE 'Asia/Tokyo' AS time)
CAST(da AS time)
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) AS varchar)
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time(0)) AS varchar)
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time(0)) AS varchar(8))
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) AS varchar(8))
CAST(TIME '01:02:03.5' AS time(0))
CAST(TIME '23:59:59.999' AS time(2))
CAST('01:02:03' AS time)
CAST('1:2' AS time)
CAST('01:02:03.12345678' AS time)
CAST('01:02:03.0005' AS time)
CAST('01:02:03.00049999' AS time)
CAST('23:59:59.9999' AS time)
CAST(' 01:02:03' AS time)
CAST('25:00:00' AS time)
TRY_CAST('01:60:00' AS time)
TRY_CAST(s AS time)
TRY_CAST(substr(iso, 12, 8) AS time)
CAST(NULL AS time)
typeof(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
typeof(TIME '01:02:03.12' - TIME '01:02:03')
typeof(TIME '01:02:03' + INTERVAL '1' HOUR)
typeof(localtime)
hour(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
minute(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
second(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
millisecond(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
extract(hour FROM CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
extract(second FROM TIME '01:02:03.456')
day(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_trunc('hour', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_trunc('minute', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_trunc('second', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_trunc('day', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_add('hour', 25, CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_add('minute', -90, CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_add('millisecond', 7, TIME '01:02:03')
date_add('second', k * 100000, TIME '01:02:03.5')
date_add('day', 1, CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_diff('hour', TIME '12:00:00', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
date_diff('minute', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time), TIME '00:00:30')
date_diff('millisecond', TIME '00:00:00', CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time))
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) + INTERVAL '2' HOUR
INTERVAL '90' MINUTE + CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time)
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) - INTERVAL '3' HOUR
TIME '01:02:03' + INTERVAL '1' SECOND
TIME '01:02:03' + INTERVAL '1' YEAR
TIME '01:02:03' - TIME '02:00:00'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) - TIME '12:00:00'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) BETWEEN TIME '01:00:00' AND TIME '05:30:00'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) IN (TIME '12:00:00', TIME '00:00:00')
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) = TIME '12:00:00'
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) IS DISTINCT FROM TIME '12:00:00'
greatest(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time), TIME '09:00:00')
coalesce(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time), TIME '00:00:00')
CASE WHEN CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) < TIME '06:00:00' THEN TIME '06:00:00' ELSE CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) END
ARRAY[CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time), TIME '01:00']
CAST(ROW(TIME '01:02:03') AS row(t time))
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) AS timestamp) IS NULL
CAST(CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) AS json)
CAST(greatest(ts, TIMESTAMP '1970-01-01 00:00:00') AS time) AT TIME ZONE 'Asia/Tokyo'
localtime IS NOT NULL
current_time IS NOT NULL
TIME '01:02:03' = '01:02:03'
TIME '01:02:03' + 1
CAST(ts AS time(0))
TRY_CAST(ts AS time)
try(CAST(ts AS time))
CAST(with_timezone(ts, 'Asia/Tokyo') AS time)
INTERVAL '1' DAY * 1.5e0
INTERVAL '1' DAY / 7
0.333 * INTERVAL '1' DAY
INTERVAL '7' MONTH * 1.5e0
INTERVAL '7' MONTH / -3
-INTERVAL '10' SECOND / 7
(ts - TIMESTAMP '2020-01-01 00:00:00') / 2
(da - DATE '2020-01-01') * d
INTERVAL '1' DAY / 0
2 / INTERVAL '1' DAY
da + NULL
da - NULL
ts + NULL
ts - NULL
NULL - da
TIME '01:00:00' + NULL
TIME '01:00:00' - NULL
INTERVAL '1' DAY + NULL
NULL - INTERVAL '1' DAY
INTERVAL '1' DAY * NULL
INTERVAL '7' MONTH / NULL
CAST(chr(11) || '2020-01-01' || chr(9) AS date)
timezone_minute(TIMESTAMP '2020-01-01 00:00:00 Asia/Kolkata')
timezone_hour(ts AT TIME ZONE 'America/St_Johns')
timezone_minute(ts AT TIME ZONE 'America/St_Johns')
timezone_hour(CAST(ts AS timestamp with time zone))
timezone_hour(ts)
to_milliseconds(ts - TIMESTAMP '2020-01-01 00:00:00')
to_milliseconds(INTERVAL '1' MONTH)
TIMESTAMP '0001-01-01 00:00:00.5'
date_add('year', -5, TIMESTAMP '0001-01-01 00:00:00.500')
date_add('day', -1, TIMESTAMP '0001-01-01 00:00:00')
date_add('day', 1, DATE '9999-12-31')
date_add('day', k, TIMESTAMP '9999-12-31 23:59:59.123')
date_add('year', -2100, da)
ARRAY[date_add('day', 1, DATE '9999-12-31'), NULL]
