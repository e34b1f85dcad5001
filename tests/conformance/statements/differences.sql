-- What is known to be answered otherwise than by Trino; docs/trino.md says why.
SELECT k FROM typed ORDER BY d NULLS FIRST, k;
SELECT typeof(1 / 0);
SELECT map(ARRAY['b', 'a'], ARRAY[1, 2]);
SELECT CAST(1e23 AS varchar);
SELECT k FROM typed WHERE st = ROW(9, NULL) ORDER BY k;
SELECT count(*) FROM sales WHERE CAST(sold_at AS time(0)) < TIME '23:59:59.500';
WITH w AS (SELECT 'a' AS x, id FROM sales) SELECT count(DISTINCT x), sum(id) FROM w;
