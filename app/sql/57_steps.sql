-- A case whole: its row, its log, and what a card says beside them, in one go. NULL where there is no
-- such case inside the range of codes, or it was not reported by then.
-- case_id, case_no: one of them says which case; the other is NULL.
-- as_of: the minute looked at: later steps are left out.
-- to_be_held: hold the case's row until the transaction ends, then read all of its log: for whoever is
--   about to take a step.
-- unit, post: a duty unit and an area that a new step would name; NULL for none.
CREATE OR REPLACE FUNCTION whole_case(
    case_id uuid, case_no bigint, as_of timestamptz, to_be_held boolean,
    first_code bigint, last_code bigint, unit bigint, post bigint
) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known record;
    one record;
    log jsonb;
    last_at timestamptz;
    units bigint[];
    posts bigint[];
    others bigint[];
    left_cell bigint;
    chain bigint[];
BEGIN
    IF case_id IS NOT NULL THEN
        SELECT r.no, r.reported_at INTO known FROM report_receipt r
            WHERE r.id = case_id AND r.cell_code BETWEEN first_code AND last_code;
    ELSE
        SELECT r.no, r.reported_at INTO known FROM report_receipt r
            WHERE r.no = case_no AND r.cell_code BETWEEN first_code AND last_code;
    END IF;
    IF known.no IS NULL OR (known.reported_at > as_of AND NOT to_be_held) THEN
        RETURN NULL;
    END IF;
    IF to_be_held THEN
        PERFORM FROM incident i WHERE i.reported_at = known.reported_at AND i.no = known.no FOR UPDATE;
    END IF;
    -- What follows sees what the holder before us has left. A case that has left the scope is gone.
    SELECT i.*, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat INTO one FROM incident i
        WHERE i.reported_at = known.reported_at AND i.no = known.no;
    SELECT jsonb_agg(jsonb_build_object(
               'at', e.at, 'ordinal', e.ordinal, 'step', e.step, 'status', e.status, 'tier', e.tier,
               'account_id', e.account_id, 'unit_id', e.unit_id, 'until', e.until,
               'outcome', e.outcome, 'other_no', e.other_no, 'from_cell', e.from_cell,
               'reason', e.reason, 'role', e.role, 'area_code', e.area_code,
               'program', e.program)
               ORDER BY e.at, e.ordinal),
           max(e.at), array_agg(e.unit_id), array_agg(e.area_code), array_agg(e.other_no)
        INTO log, last_at, units, posts, others
        FROM incident_event e
        WHERE e.no = known.no AND e.at >= known.reported_at AND (to_be_held OR e.at <= as_of);
    IF one.no IS NULL OR log IS NULL THEN
        RETURN NULL;
    END IF;
    as_of := greatest(as_of, last_at);
    -- Where it lay then: boundaries may have moved it since.
    SELECT e.from_cell INTO left_cell FROM incident_event e
        WHERE e.no = known.no AND e.from_cell IS NOT NULL AND e.at > as_of ORDER BY e.at LIMIT 1;
    left_cell := coalesce(left_cell, one.cell_code);
    chain := ARRAY(SELECT left_cell / size * size FROM unnest(
        ARRAY[100000000000, 1000000000, 1000000, 1000, 1]) size);
    RETURN jsonb_build_object(
        'fields', jsonb_build_object(
            'id', one.id, 'no', one.no, 'category', one.category, 'title', one.title,
            'description', one.description, 'lon', one.lon, 'lat', one.lat,
            'location_uncertainty_m', one.location_uncertainty_m, 'severity', one.severity,
            'source', one.source, 'occurred_at', one.occurred_at, 'reported_at', one.reported_at,
            'simulated', one.simulated),
        'row_cell', one.cell_code,
        'cell_code', left_cell,
        'log', log,
        'chain', (
            SELECT jsonb_agg(jsonb_build_object('code', a.code, 'level', a.level, 'name', a.name,
                                                'name_en', a.name_en) ORDER BY a.code)
            FROM area a WHERE a.code = ANY (chain) AND a.valid @> as_of),
        'posts', (
            SELECT jsonb_object_agg(a.code, a.name) FROM area a
            WHERE a.code = ANY (posts || post) AND a.valid @> as_of),
        -- Of the standard in force; of what is not in it any more, the last.
        'category', (
            SELECT jsonb_build_object('zh', c.name_zh, 'en', c.name_en) FROM category c
            WHERE c.code = one.category
            ORDER BY c.valid @> as_of DESC, lower(c.valid) DESC LIMIT 1),
        'limits', (
            SELECT jsonb_agg(jsonb_build_object('since', lower(l.valid), 'until', upper(l.valid),
                                                'limit', l."limit", 'unit', l.unit)
                             ORDER BY lower(l.valid), l.ordinal)
            FROM filing_line l WHERE l.code = one.category),
        'units', (
            SELECT jsonb_agg(jsonb_build_object(
                'unit_id', u.id, 'call_sign', u.call_sign, 'role', u.role, 'station', s.name,
                'station_area', s.area_code))
            FROM published.duty_unit u JOIN published.station s ON s.id = u.station_id
            WHERE u.id = ANY (units || unit)),
        -- On duty, and of the area of whoever asks, or answering for the place.
        'may_be_sent', unit IS NOT NULL AND EXISTS (
            SELECT FROM published.duty_unit u JOIN published.station s ON s.id = u.station_id
            WHERE u.id = unit AND u.valid @> as_of AND s.valid @> as_of
              AND (s.area_code BETWEEN first_code AND last_code
                   OR EXISTS (
                       SELECT FROM published.assignment a
                       WHERE a.call_sign = u.call_sign AND a.valid @> as_of
                         AND a.area_code = ANY (chain)
                         AND a.area_code BETWEEN first_code AND last_code))),
        'followers', (
            SELECT jsonb_agg(DISTINCT e.no) FROM incident_event e
            WHERE e.other_no = known.no AND e.step = 'merge' AND e.at <= as_of
              AND e.cell_code BETWEEN first_code AND last_code),
        'others', (
            SELECT jsonb_agg(jsonb_build_object('id', i.id, 'no', i.no, 'title', i.title))
            FROM incident i
            WHERE i.no = ANY (others) AND i.cell_code BETWEEN first_code AND last_code),
        'has_contact', EXISTS (
            SELECT FROM case_contact c
            WHERE c.id = one.id AND c.cell_code BETWEEN first_code AND last_code),
        'photos', (
            SELECT count(*) FROM attachment a
            WHERE a.no = known.no AND a.added_at <= as_of
              AND a.cell_code BETWEEN first_code AND last_code));
END $$;

-- Writes steps of a case that is held, all at one instant: lines of the log, the row of the case, the
-- reading model and one event. Gives back where the case lies then: closing a warning makes it coarse.
-- steps: array of rows of `incident_event`, in order, the last of them last.
-- standing: `status`, `closed_at`, `tier`, `unit_id` after the last one.
-- reading: a row of `case_now`, all of it; NULL for a case that is open no more.
-- payload: of the event, but for the place.
CREATE OR REPLACE FUNCTION write_steps(
    case_no bigint, reported timestamptz, steps jsonb, standing jsonb, reading jsonb,
    topic text, audience text, payload jsonb
) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    done_at CONSTANT timestamptz := (steps -> -1 ->> 'at')::timestamptz;
    cell bigint;
    place jsonb;
BEGIN
    IF to_regclass('public.incident_event_' || to_char(done_at AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL THEN
        PERFORM ensure_months(done_at, done_at + interval '1 month');
    END IF;
    INSERT INTO incident_event (at, no, ordinal, step, status, tier, reason, cell_code, account_id,
                                role, area_code, unit_id, until, outcome, other_no)
    SELECT s.at, s.no, s.ordinal, s.step, s.status, s.tier, s.reason, s.cell_code, s.account_id,
           s.role, s.area_code, s.unit_id, s.until, s.outcome, s.other_no
    FROM jsonb_populate_recordset(NULL::incident_event, steps) s;
    UPDATE incident i SET
        status = s.status, closed_at = s.closed_at, tier = s.tier, unit_id = s.unit_id
    FROM jsonb_to_record(standing) s (status text, closed_at timestamptz, tier text, unit_id bigint)
    WHERE i.reported_at = reported AND i.no = case_no
    RETURNING i.cell_code, jsonb_build_object('lon', ST_X(i.geom), 'lat', ST_Y(i.geom),
        'location_uncertainty_m', i.location_uncertainty_m) INTO STRICT cell, place;
    -- What held until now is the past; what held for no time is left out.
    INSERT INTO case_past (no, since, until, cell_code, unit_id, held_since, started_at, ended_at,
                           due_at, raw_due_at, soon_at, paused_until, resumes_at, limit_thousandths,
                           version, status, tier, limit_unit, extensions, resumes_as, provisional,
                           category)
    SELECT n.no, n.since, done_at, n.cell_code, n.unit_id, n.held_since, n.started_at, n.ended_at,
           n.due_at, n.raw_due_at, n.soon_at, n.paused_until, n.resumes_at, n.limit_thousandths,
           n.version, n.status, n.tier, n.limit_unit, n.extensions, n.resumes_as, n.provisional,
           n.category
    FROM case_now n WHERE n.no = case_no AND n.since < done_at;
    IF reading IS NULL THEN
        DELETE FROM case_now n WHERE n.no = case_no;
    ELSE
        INSERT INTO case_now AS n SELECT * FROM jsonb_populate_record(NULL::case_now, reading)
        ON CONFLICT (no) DO UPDATE SET
            (reported_at, since, version, cell_code, category, status, tier, unit_id, held_since,
             started_at, ended_at, limit_thousandths, limit_unit, due_at, raw_due_at, soon_at,
             extensions, paused_until, resumes_at, resumes_as, provisional, waits_leaders,
             waits_responders, waits_grid, waits_chiefs, asked_by)
            = (excluded.reported_at, excluded.since, excluded.version, excluded.cell_code,
               excluded.category, excluded.status, excluded.tier, excluded.unit_id,
               excluded.held_since, excluded.started_at, excluded.ended_at,
               excluded.limit_thousandths, excluded.limit_unit, excluded.due_at,
               excluded.raw_due_at, excluded.soon_at, excluded.extensions, excluded.paused_until,
               excluded.resumes_at, excluded.resumes_as, excluded.provisional,
               excluded.waits_leaders, excluded.waits_responders, excluded.waits_grid,
               excluded.waits_chiefs, excluded.asked_by);
    END IF;
    INSERT INTO outbox (topic, area_code, audience, payload)
    VALUES (topic, cell, audience, payload || place);
    RETURN place;
END $$;
