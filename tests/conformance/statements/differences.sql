-- What is known to be answered otherwise than by Trino; docs/trino.md says why.
SELECT k FROM typed ORDER BY d NULLS FIRST, k;
SELECT typeof(1 / 0);
SELECT map(ARRAY['b', 'a'], ARRAY[1, 2]);
SELECT CAST(1e23 AS varchar);
SELECT k FROM typed WHERE st = ROW(9, NULL) ORDER BY k;
