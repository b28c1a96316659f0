-- The logs of tables and warnings, what is taken when, and the coarse place of a closed warning.

DO $$
DECLARE
    log text;
BEGIN
    FOREACH log IN ARRAY ARRAY['mediation_event', 'warning_event'] LOOP
        -- Only where it is missing: making it takes a lock for which a running server would wait.
        IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = log || '_append_only'
                       AND tgrelid = to_regclass('public.' || log)) THEN
            EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I'
                           ' FOR EACH ROW EXECUTE FUNCTION refuse_change()',
                           log || '_append_only', log);
        END IF;
    END LOOP;
END $$;

-- When these rooms and units are taken, for whichever case: times only, so that two areas that
-- share a room can both plan with it. `besides` is the table that asks.
CREATE OR REPLACE FUNCTION taken_times(
    rooms bigint[], units bigint[], since timestamptz, until timestamptz, besides uuid
) RETURNS TABLE (room_id bigint, unit_id bigint, during tstzrange)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT b.room_id, b.unit_id, b.during FROM meeting_booking b
    WHERE (b.room_id = ANY (rooms) OR b.unit_id = ANY (units))
      AND b.during && tstzrange(since, until) AND b.mediation_id <> besides
$$;
REVOKE ALL ON FUNCTION taken_times FROM PUBLIC;
GRANT EXECUTE ON FUNCTION taken_times TO minqing_app;

-- A point for everything inside a cell, and how far from it anything there may be: as the cell was
-- drawn at an instant; of one that was not drawn then, as it was drawn last.
DROP FUNCTION IF EXISTS coarse_place(bigint, geometry);
CREATE OR REPLACE FUNCTION coarse_place(cell bigint, exact geometry, at timestamptz DEFAULT now())
RETURNS TABLE (place geometry, uncertainty_m double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    (SELECT a.label, (
        SELECT 10 * ceil(max(ST_Distance(a.label::geography, p.geom::geography)) / 10)
        FROM ST_DumpPoints(a.geom) p
    )
    FROM area a WHERE a.code = cell ORDER BY a.valid @> at DESC, lower(a.valid) DESC LIMIT 1)
    UNION ALL
    -- A cell that is not drawn at any time: a hundredth of a degree.
    SELECT ST_SnapToGrid(exact, 0.01), 1000
    WHERE NOT EXISTS (SELECT FROM area a WHERE a.code = cell)
$$;

-- Where somebody was warned of fraud is known exactly for as long as somebody has to go there: until
-- the case is closed, whatever closes it, or the warning concluded, whether its case can be closed just
-- now or not. Then its place becomes that of its cell: here, in what the stream has told and has yet to
-- tell, and in the hash by which the report was acknowledged, from which a place could be guessed; that
-- hash is how it is known later. The coarse place stays the same for good, however the cell is drawn
-- afterwards: two of them would tell more than one.
-- It runs as its owner: who may close a case may not rewrite the stream.
CREATE OR REPLACE FUNCTION coarsen_warning() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    coarse record;
    told jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.closed_at IS NOT NULL THEN  -- loaded as closed: nothing of it was told
            SELECT * INTO STRICT coarse FROM coarse_place(NEW.cell_code, NEW.geom);
            NEW.geom := coarse.place;
            NEW.location_uncertainty_m := coarse.uncertainty_m;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        -- It is coarse already. One that was loaded so has the hash with which it came.
        UPDATE report_receipt SET body_hash = sha256(uuid_send(id))
            WHERE no = NEW.no AND body_hash <> sha256(uuid_send(id));
        RETURN NEW;
    END IF;
    IF NEW.closed_at IS NULL AND NOT EXISTS (
           SELECT FROM warning w WHERE w.no = NEW.no AND w.state = 'concluded')
       OR EXISTS (
           SELECT FROM report_receipt r
           WHERE r.no = NEW.no AND r.body_hash = sha256(uuid_send(r.id)))
    THEN
        RETURN NEW;
    END IF;
    SELECT * INTO STRICT coarse FROM coarse_place(NEW.cell_code, NEW.geom);
    NEW.geom := coarse.place;
    NEW.location_uncertainty_m := coarse.uncertainty_m;
    told := jsonb_build_object(
        'lon', ST_X(coarse.place), 'lat', ST_Y(coarse.place),
        'location_uncertainty_m', coarse.uncertainty_m);
    -- In the relay's order, and before the stream: what it has taken meanwhile is there by then.
    PERFORM FROM outbox
        WHERE area_code = NEW.cell_code AND payload ->> 'no' = NEW.no::text AND payload ? 'lon'
        ORDER BY id FOR UPDATE;
    UPDATE outbox SET payload = payload || told
        WHERE area_code = NEW.cell_code AND payload ->> 'no' = NEW.no::text AND payload ? 'lon';
    UPDATE stream_event SET payload = payload || told
        WHERE area_code = NEW.cell_code AND payload ->> 'no' = NEW.no::text
          AND payload ? 'lon' AND coalesce(payload ->> 'category', '11') LIKE '11%';
    UPDATE report_receipt SET body_hash = sha256(uuid_send(id)) WHERE no = NEW.no;
    RETURN NEW;
END $$;

-- Made anew only where it is another one: that takes a lock for which a running server would wait.
DO $$
DECLARE
    wanted CONSTANT text := '%WHEN ((new.category ~~ ''11%''::text))%';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'incident_coarsen_warning'
                   AND tgrelid = 'incident'::regclass AND pg_get_triggerdef(oid) LIKE wanted) THEN
        DROP TRIGGER IF EXISTS incident_coarsen_warning ON incident;
        CREATE TRIGGER incident_coarsen_warning
            BEFORE INSERT OR UPDATE ON incident FOR EACH ROW
            WHEN (NEW.category LIKE '11%')
            EXECUTE FUNCTION coarsen_warning();
        -- Of warnings that were concluded while their case could not be closed.
        UPDATE incident i SET status = i.status
        FROM warning w JOIN report_receipt r ON r.no = w.no
        WHERE w.state = 'concluded' AND i.closed_at IS NULL AND i.category LIKE '11%'
          AND i.reported_at = r.reported_at AND i.no = w.no;
    END IF;
END $$;
