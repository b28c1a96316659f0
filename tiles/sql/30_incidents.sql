-- The cases that a filter selects, as they stand at `as_of`.
-- categories: prefixes of two or four digits, NULL for all. statuses: states, NULL for all.
-- wants_open: only those open (true) or closed (false) at `as_of`, NULL for both.
-- from_log: states are read from the event log as of `as_of`, not from the row.
-- come, gone: numbers of cases selected whatever lo and hi say, and of cases left out: where they lay
-- at `as_of` is another cell than that of the row. NULL for none.
CREATE FUNCTION tiles.cases(
    since timestamptz, until timestamptz, as_of timestamptz, from_log boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean,
    come bigint[], gone bigint[]
) RETURNS TABLE (
    no bigint, id uuid, category text, severity int, source text, status text, stage text,
    stage_ordinal int, is_open boolean, cell_code bigint, occurred_at timestamptz,
    reported_at timestamptz, closed_at timestamptz, simulated boolean, geom geometry
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT i.no, i.id, i.category::text, i.severity::int, i.source, s.status, s.stage,
           s.stage_ordinal::int, i.closed_at IS NULL OR i.closed_at > as_of, i.cell_code,
           i.occurred_at, i.reported_at, CASE WHEN i.closed_at <= as_of THEN i.closed_at END,
           i.simulated, i.geom
    FROM published.incident i
    LEFT JOIN (
        -- A case has no event before it was reported, so `since` bounds its events as well.
        SELECT DISTINCT ON (e.no) e.no, e.status FROM published.incident_event e
        WHERE from_log AND e.at >= since AND e.at <= as_of
        ORDER BY e.no, e.at DESC, e.ordinal DESC
    ) past ON from_log AND past.no = i.no
    LEFT JOIN published.incident_status s
        ON s.status = CASE WHEN from_log THEN past.status ELSE i.status END
    WHERE i.reported_at >= since AND i.reported_at < until AND i.reported_at <= as_of
      AND (lo IS NULL OR i.cell_code BETWEEN lo AND hi
           OR (come IS NOT NULL AND i.no = ANY (come)))
      AND (gone IS NULL OR i.no <> ALL (gone))
      AND (categories IS NULL
           OR i.category = ANY (categories) OR left(i.category, 2) = ANY (categories))
      AND (statuses IS NULL OR s.status = ANY (statuses))
      AND (wants_open IS NULL OR (i.closed_at IS NULL OR i.closed_at > as_of) = wants_open)
$$;

-- Far: counts in squares of 128 units (8 px), at the middle of their cases.
CREATE FUNCTION tiles.incident_bins(
    z int, x int, y int, since timestamptz, until timestamptz, as_of timestamptz, from_log boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean,
    come bigint[], gone bigint[]
) RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'incidents', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT ST_Point(round(avg(p.px)), round(avg(p.py))) AS geom, count(*)::int AS n,
               count(*) FILTER (WHERE c.is_open)::int AS o
        FROM tiles.cases(since, until, as_of, from_log, lo, hi, categories, statuses, wants_open,
                         come, gone) c
        CROSS JOIN LATERAL tiles.place(c.geom, z, x, y) p
        WHERE c.geom && tiles.box_deg(z, x, y)
          AND p.px BETWEEN 0 AND 4095 AND p.py BETWEEN 0 AND 4095
        GROUP BY p.px / 128, p.py / 128
    ) t
$$;

-- Near: the cases themselves, numbers only; beyond the cap the newest ones.
CREATE FUNCTION tiles.incident_points(
    z int, x int, y int, since timestamptz, until timestamptz, as_of timestamptz, from_log boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean,
    come bigint[], gone bigint[], cap int
) RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH placed AS (
        SELECT ST_Point(p.px, p.py) AS geom, c.no, c.category::int AS c, c.stage_ordinal AS s,
               c.severity AS v, c.reported_at
        FROM tiles.cases(since, until, as_of, from_log, lo, hi, categories, statuses,
                         wants_open, come, gone) c
        CROSS JOIN LATERAL tiles.place(c.geom, z, x, y) p
        WHERE c.geom && tiles.box_deg(z, x, y)
          AND p.px BETWEEN 0 AND 4095 AND p.py BETWEEN 0 AND 4095
    )
    SELECT ST_AsMVT(t, 'incidents', 4096, 'geom'), count(*), (SELECT count(*) FROM placed)
    FROM (
        SELECT geom, no, c, s, v FROM placed ORDER BY reported_at DESC, no DESC LIMIT cap
    ) t
$$;
