-- The catalog as tables.
SELECT schema_name FROM information_schema.schemata WHERE catalog_name = 'awsdatacatalog' AND schema_name IN ('lake', 'information_schema') ORDER BY 1;
SELECT * FROM information_schema.tables WHERE table_schema = 'lake' AND table_name IN ('typed', 'sales') ORDER BY table_name;
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'information_schema' ORDER BY 1;
SELECT * FROM information_schema.columns WHERE table_schema = 'lake' AND table_name = 'typed' ORDER BY ordinal_position;
SELECT * FROM information_schema.columns WHERE table_schema = 'lake' AND table_name = 'sales' ORDER BY ordinal_position;
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'information_schema' AND table_name IN ('columns', 'views', 'tables', 'schemata') ORDER BY table_name, ordinal_position;
SELECT count(*), min(column_name) FROM information_schema.columns WHERE table_name = 'nothing';
SELECT count(*) FROM awsdatacatalog.information_schema.tables AS t WHERE t.table_schema = 'lake' AND t.table_name LIKE 'typ%';
SELECT c.table_name, count(*) FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name) WHERE c.table_schema = 'lake' AND c.table_name IN ('typed', 'people') GROUP BY 1 ORDER BY 1;
SELECT table_name FROM information_schema.views WHERE table_schema = 'nothing';
SELECT * FROM information_schema.nothing;
SELECT count(*) FROM information_schema.roles;
