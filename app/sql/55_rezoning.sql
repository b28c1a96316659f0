-- What has a row for every case there ever was, a partition a month: case by case through the index,
-- only in the months since its report. The planner cannot know how few months these are, and would
-- read the whole history instead.
CREATE OR REPLACE FUNCTION move_logs() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    UPDATE report_receipt t SET cell_code = m.cell FROM moved m WHERE t.no = m.no;
    UPDATE incident t SET cell_code = m.cell, unit_id = m.unit FROM moved m
        WHERE t.no = m.no AND t.reported_at = m.reported_at;
    UPDATE incident_event t SET cell_code = m.cell FROM moved m
        WHERE t.no = m.no AND t.at >= m.reported_at;
END $$;

DROP FUNCTION IF EXISTS move_cases(bigint[], bigint[]);
-- The cell of a case is also the key of its scope, in every table that tells of it. When boundaries
-- are redrawn it moves as a whole, with its past; what the log says of where it lay stands in the
-- log (`from_cell`). For the publication of boundaries only: no request may call it.
CREATE OR REPLACE FUNCTION move_cases(
    nos bigint[], reported timestamptz[], cells bigint[], units bigint[]
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    relation text;
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS moved (
        no bigint, reported_at timestamptz, cell bigint, unit bigint) ON COMMIT DROP;
    TRUNCATE moved;
    INSERT INTO moved SELECT * FROM unnest(nos, reported, cells, units);
    ANALYZE moved;
    PERFORM move_logs();
    FOREACH relation IN ARRAY ARRAY['attachment', 'case_contact', 'mediation', 'warning',
                                   'case_now'] LOOP
        EXECUTE format(
            'UPDATE %I t SET cell_code = m.cell FROM moved m WHERE t.no = m.no', relation);
    END LOOP;
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
REVOKE ALL ON FUNCTION move_logs FROM PUBLIC;
