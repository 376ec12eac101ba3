-- Drops what the schema public holds, but neither the schema, which its user need not own, nor
-- extensions, which the user may not be able to make again.
SET LOCAL client_min_messages = warning;
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format(
            'DROP %s IF EXISTS public.%I CASCADE',
            CASE relkind
                WHEN 'v' THEN 'VIEW'
                WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE'
                WHEN 'f' THEN 'FOREIGN TABLE'
                ELSE 'TABLE'
            END,
            relname
        )
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
            )
        -- Those of columns go with their tables.
        ORDER BY relkind = 'S'
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
