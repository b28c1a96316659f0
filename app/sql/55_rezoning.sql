-- The cell of a case is also the key of its scope, in every table that tells of it. When boundaries
-- are redrawn it moves as a whole, with its past; what the log says of where it lay stands in the
-- log (`from_cell`). For the publication of boundaries only: no request may call it.
CREATE OR REPLACE FUNCTION move_cases(nos bigint[], cells bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    relation text;
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS moved (no bigint, cell bigint) ON COMMIT DROP;
    TRUNCATE moved;
    INSERT INTO moved SELECT * FROM unnest(nos, cells);
    ANALYZE moved;
    FOREACH relation IN ARRAY ARRAY['report_receipt', 'attachment', 'case_contact',
                                   'mediation', 'warning', 'case_now'] LOOP
        EXECUTE format(
            'UPDATE %I t SET cell_code = m.cell FROM moved m WHERE t.no = m.no', relation);
    END LOOP;
    UPDATE incident t SET cell_code = m.cell FROM moved m, case_now n
        WHERE n.no = m.no AND t.no = m.no AND t.reported_at = n.reported_at;
    UPDATE incident_event t SET cell_code = m.cell FROM moved m WHERE t.no = m.no;
    UPDATE mediation_event t SET cell_code = m.cell FROM moved m, mediation d
        WHERE d.no = m.no AND t.mediation_id = d.id;
    UPDATE meeting_booking t SET cell_code = m.cell FROM moved m, mediation d
        WHERE d.no = m.no AND t.mediation_id = d.id;
    UPDATE warning_event t SET cell_code = m.cell FROM moved m, warning w
        WHERE w.no = m.no AND t.warning_id = w.id;
    -- The place of a warning in what was told is found by its cell when it is made coarse.
    UPDATE stream_event t SET area_code = m.cell FROM moved m, warning w
        WHERE w.no = m.no AND t.payload ->> 'no' = m.no::text AND t.payload ? 'lon';
    UPDATE outbox t SET area_code = m.cell FROM moved m, warning w
        WHERE w.no = m.no AND t.payload ->> 'no' = m.no::text AND t.payload ? 'lon';
END $$;
REVOKE ALL ON FUNCTION move_cases FROM PUBLIC;
