-- Partitions by month of `incident` and `incident_event`, and the guard of the append-only log.

-- Makes the monthly partitions that hold [from_at, until_at]; months are UTC months.
-- Whoever may report may need a new month, but must own no table: it runs as its owner.
-- Idempotent; two callers at once take turns. NULL in either argument: nothing is made.
CREATE OR REPLACE FUNCTION ensure_months(from_at timestamptz, until_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    parent text;
    month timestamptz;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_months'));
    FOR month IN
        SELECT generate_series(date_trunc('month', from_at, 'UTC'), until_at, interval '1 month')
    LOOP
        FOREACH parent IN ARRAY ARRAY['incident', 'incident_event'] LOOP
            partition := parent || to_char(month AT TIME ZONE 'UTC', '"_"YYYYMM');
            IF to_regclass('public.' || partition) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                    partition, parent, month, month + interval '1 month'
                );
            END IF;
        END LOOP;
    END LOOP;
END $$;

SELECT ensure_months(now() - interval '1 month', now() + interval '3 months');

-- What is in a log stays as it is, with two exceptions: free text may be emptied (retention), and the
-- cell that says who may see a row follows its case when boundaries are redrawn (`move_cases`; where
-- the case lay before is logged). Nothing else of the row changes with either, and no request may do
-- it. (A trigger for statements lets nothing through.)
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free_text CONSTANT text[] := ARRAY['reason', 'terms'];
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - free_text - 'cell_code' = to_jsonb(OLD) - free_text - 'cell_code'
           AND NOT EXISTS (
            SELECT FROM unnest(free_text) AS name
            WHERE coalesce(to_jsonb(NEW) ->> name, '') <> ''
              AND to_jsonb(NEW) ->> name IS DISTINCT FROM to_jsonb(OLD) ->> name)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER incident_event_append_only
    BEFORE UPDATE OR DELETE ON incident_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
