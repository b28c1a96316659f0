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

-- A point for everything inside a cell, and how far from it anything there may be.
CREATE OR REPLACE FUNCTION coarse_place(cell bigint, exact geometry)
RETURNS TABLE (place geometry, uncertainty_m double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.label, (
        SELECT 10 * ceil(max(ST_Distance(a.label::geography, p.geom::geography)) / 10)
        FROM ST_DumpPoints(a.geom) p
    )
    FROM area a WHERE a.code = cell
    UNION ALL
    -- A cell that is not drawn any more at any time: a hundredth of a degree.
    SELECT ST_SnapToGrid(exact, 0.01), 1000
    WHERE NOT EXISTS (SELECT FROM area a WHERE a.code = cell)
    LIMIT 1
$$;

-- Where somebody was warned of fraud is known exactly for as long as somebody has to go there.
-- Whatever closes the case, its place becomes that of its cell: here, in what the stream has told
-- and has yet to tell, and in the hash by which the report was acknowledged, from which a place
-- could be guessed. It runs as its owner: who may close a case may not rewrite the stream.
CREATE OR REPLACE FUNCTION coarsen_warning() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    coarse record;
    told jsonb;
BEGIN
    SELECT * INTO STRICT coarse FROM coarse_place(NEW.cell_code, NEW.geom);
    IF NEW.geom = coarse.place AND NEW.location_uncertainty_m = coarse.uncertainty_m THEN
        RETURN NEW;
    END IF;
    NEW.geom := coarse.place;
    NEW.location_uncertainty_m := coarse.uncertainty_m;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;  -- loaded as closed: nothing of it was told
    END IF;
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

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'incident_coarsen_warning'
                   AND tgrelid = 'incident'::regclass) THEN
        CREATE TRIGGER incident_coarsen_warning
            BEFORE INSERT OR UPDATE ON incident FOR EACH ROW
            WHEN (NEW.category LIKE '11%' AND NEW.closed_at IS NOT NULL)
            EXECUTE FUNCTION coarsen_warning();
    END IF;
END $$;
