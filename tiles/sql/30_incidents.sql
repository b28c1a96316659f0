-- The cases that a filter selects inside a tile, as they stand at `as_of`.
-- categories: prefixes of two or four digits, NULL for all. statuses: states, NULL for all.
-- wants_open: only those open (true) or closed (false) at `as_of`, NULL for both.
-- in_past: states are read from the event log as of `as_of`, not from the row.
CREATE FUNCTION tiles.incidents_in(
    z int, x int, y int, since timestamptz, until timestamptz, as_of timestamptz, in_past boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean
) RETURNS TABLE (
    px int, py int, no bigint, category text, stage int, severity int, is_open boolean,
    reported_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p.px, p.py, i.no, i.category::text, s.stage_ordinal::int, i.severity::int,
           i.closed_at IS NULL OR i.closed_at > as_of, i.reported_at
    FROM published.incident i
    CROSS JOIN LATERAL tiles.place(i.geom, z, x, y) p
    LEFT JOIN (
        -- A case has no event before it was reported, so `since` bounds its events as well.
        SELECT DISTINCT ON (e.no) e.no, e.status FROM published.incident_event e
        WHERE in_past AND e.at >= since AND e.at <= as_of
        ORDER BY e.no, e.at DESC, e.ordinal DESC
    ) past ON in_past AND past.no = i.no
    LEFT JOIN published.incident_status s
        ON s.status = CASE WHEN in_past THEN past.status ELSE i.status END
    WHERE i.geom && tiles.box_deg(z, x, y)
      AND p.px BETWEEN 0 AND 4095 AND p.py BETWEEN 0 AND 4095
      AND i.reported_at >= since AND i.reported_at < until AND i.reported_at <= as_of
      AND (lo IS NULL OR i.cell_code BETWEEN lo AND hi)
      AND (categories IS NULL
           OR i.category = ANY (categories) OR left(i.category, 2) = ANY (categories))
      AND (statuses IS NULL OR s.status = ANY (statuses))
      AND (wants_open IS NULL OR (i.closed_at IS NULL OR i.closed_at > as_of) = wants_open)
$$;

-- Far: counts in squares of 128 units (8 px), at the middle of their cases.
CREATE FUNCTION tiles.incident_bins(
    z int, x int, y int, since timestamptz, until timestamptz, as_of timestamptz, in_past boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean
) RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'incidents', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT ST_Point(round(avg(px)), round(avg(py))) AS geom, count(*)::int AS n,
               count(*) FILTER (WHERE is_open)::int AS o
        FROM tiles.incidents_in(z, x, y, since, until, as_of, in_past, lo, hi, categories,
                                statuses, wants_open)
        GROUP BY px / 128, py / 128
    ) t
$$;

-- Near: the cases themselves, numbers only; beyond the cap the newest ones.
CREATE FUNCTION tiles.incident_points(
    z int, x int, y int, since timestamptz, until timestamptz, as_of timestamptz, in_past boolean,
    lo bigint, hi bigint, categories text[], statuses text[], wants_open boolean, cap int
) RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'incidents', 4096, 'geom'), count(*), coalesce(max(of_all), 0)
    FROM (
        SELECT ST_Point(px, py) AS geom, no, category::int AS c, stage AS s, severity AS v,
               count(*) OVER () AS of_all
        FROM tiles.incidents_in(z, x, y, since, until, as_of, in_past, lo, hi, categories,
                                statuses, wants_open)
        ORDER BY reported_at DESC, no DESC LIMIT cap
    ) t
$$;
