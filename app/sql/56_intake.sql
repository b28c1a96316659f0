-- Files reports, all in one go: receipt, case, first step, reading row and event of each that can be
-- filed; of the others nothing is written.
-- One row comes back for each report, in any order, with what became of it:
--   filed, known (its id has a receipt: `no`, `reported_at`, `body_hash`), taken (its id has just
--   been given to another report, or is one that may not be seen), category (not in force),
--   outside_city, outside_scope. None at all where the session that asks has ended.
-- session_token: says who asks from here on; NULL where the transaction has said so before.
-- given: array of objects with `place` (its ordinal), `body_hash` in hex, `description`, and `head`: the
--   payload of its event, but for what is found here; every id once. reading: a row of `case_now` but for number, category and cell.
CREATE OR REPLACE FUNCTION file_reports(
    given jsonb, reading jsonb, filed_at timestamptz, first_code bigint, last_code bigint,
    cells_lock bigint, session_token text
) RETURNS TABLE (
    place int, outcome text, no bigint, reported_at timestamptz, body_hash bytea, cell_code bigint,
    category_name_zh text, category_name_en text, chain jsonb
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    by_program text;
    first case_now := jsonb_populate_record(NULL::case_now, reading);
BEGIN
    IF session_token IS NOT NULL THEN
        PERFORM set_config('app.session', session_token, true);
    END IF;
    -- Before anything is looked at: no boundaries come into force until the end (places/versions.py).
    PERFORM pg_advisory_xact_lock_shared(cells_lock);
    IF to_regclass('public.incident_' || to_char(filed_at AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL THEN
        PERFORM ensure_months(filed_at, filed_at + interval '1 month');
    END IF;
    by_program := session_program();
    RETURN QUERY
    WITH report AS MATERIALIZED (
        SELECT g.place, g.body_hash, g.description, g.head, h.*,
               ST_SetSRID(ST_Point(h.lon, h.lat), 4326) AS geom
        FROM jsonb_to_recordset(given) g (place int, body_hash text, description text, head jsonb),
             jsonb_to_record(g.head) h (
                id uuid, category text, title text, severity smallint, source text,
                occurred_at timestamptz, lon double precision, lat double precision,
                location_uncertainty_m double precision, simulated boolean)
        -- Asked by the statement that writes: whose session or key ends just before files nothing.
        WHERE coalesce(current_setting('app.session', true), '') = ''
           OR (SELECT session_scope()) IS NOT NULL
    ), known AS MATERIALIZED (
        SELECT r.place, k.no, k.reported_at, k.body_hash, k.cell_code
        FROM report r JOIN report_receipt k ON k.id = r.id
    ), checked AS MATERIALIZED (
        SELECT r.*, cell.code AS cell, c.name_zh, c.name_en,
               CASE WHEN c.code IS NULL THEN 'category'
                    WHEN cell.code IS NULL THEN 'outside_city'
                    WHEN cell.code NOT BETWEEN first_code AND last_code THEN 'outside_scope'
               END AS fault
        FROM report r
        LEFT JOIN category c ON c.code = r.category AND c.valid @> filed_at
        LEFT JOIN LATERAL (
            SELECT a.code FROM area a
            WHERE a.level = 'cell' AND a.geom && r.geom AND ST_Covers(a.geom, r.geom)
              AND a.valid @> filed_at
            ORDER BY a.code LIMIT 1
        ) cell ON true
        WHERE NOT EXISTS (SELECT FROM known WHERE known.place = r.place)
    ), numbered AS MATERIALIZED (
        SELECT c.*, nextval('incident_no_seq') AS no
        FROM (SELECT * FROM checked WHERE fault IS NULL ORDER BY place) c
    ), receipt AS (
        -- In the order of the ids: two who take the same ones wait for each other, never in a circle.
        INSERT INTO report_receipt (id, body_hash, no, reported_at, cell_code)
        SELECT n.id, decode(n.body_hash, 'hex'), n.no, filed_at, n.cell
        FROM numbered n ORDER BY n.id
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    ), taken AS MATERIALIZED (
        SELECT coalesce(array_agg(id), '{}') AS ids FROM receipt
    ), filed AS MATERIALIZED (
        -- Arrays and no joins: the planner takes what was just written for a row or two, and would
        -- compare each report with each.
        SELECT n.*, c.chain
        FROM numbered n CROSS JOIN LATERAL (
            -- From the city down: the digits that each level has of its own. Out of an array, and
            -- IS TRUE: of the indexes only the one of the codes alone can do that, a fifth of the time.
            SELECT jsonb_agg(jsonb_build_object('code', a.code, 'level', a.level, 'name', a.name,
                                                'name_en', a.name_en) ORDER BY a.code) AS chain
            FROM area a
            WHERE a.code = ANY (ARRAY[n.cell / 100000000000 * 100000000000,
                                      n.cell / 1000000000 * 1000000000,
                                      n.cell / 1000000 * 1000000, n.cell / 1000 * 1000, n.cell])
              AND (a.valid @> filed_at) IS TRUE
        ) c
        WHERE n.id = ANY ((SELECT ids FROM taken)::uuid[])
    ), cases AS (
        INSERT INTO incident (reported_at, no, id, category, title, description, severity, source,
                              status, tier, cell_code, geom, location_uncertainty_m, occurred_at,
                              simulated)
        SELECT filed_at, f.no, f.id, f.category, f.title, f.description, f.severity, f.source,
               'reported', 'grid', f.cell, f.geom,
               f.location_uncertainty_m, f.occurred_at, f.simulated
        FROM filed f
    ), steps AS (
        INSERT INTO incident_event (at, no, ordinal, step, status, tier, cell_code, program)
        SELECT filed_at, f.no, 1, 'report', 'reported', 'grid', f.cell, by_program FROM filed f
    ), readings AS (
        INSERT INTO case_now
        SELECT w.* FROM filed f, jsonb_populate_record(
            first, jsonb_build_object('no', f.no, 'category', f.category, 'cell_code', f.cell)) w
    ), events AS (
        INSERT INTO outbox (topic, area_code, audience, payload)
        SELECT 'incident.reported', f.cell, 'cases', f.head || jsonb_build_object(
            'no', f.no, 'cell_code', f.cell, 'category_name_zh', f.name_zh,
            'category_name_en', f.name_en, 'chain', f.chain)
        FROM filed f ORDER BY f.place
    )
    SELECT f.place, 'filed', f.no, filed_at, decode(f.body_hash, 'hex'), f.cell, f.name_zh,
           f.name_en, f.chain
    FROM filed f
    UNION ALL
    SELECT k.place, 'known', k.no, k.reported_at, k.body_hash, k.cell_code, NULL, NULL, NULL
    FROM known k
    UNION ALL
    SELECT c.place, coalesce(c.fault, 'taken'), NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM checked c WHERE c.id <> ALL ((SELECT ids FROM taken)::uuid[]);
END $$;
