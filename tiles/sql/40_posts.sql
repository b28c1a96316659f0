-- Stations, each from the zoom on that its kind's importance gives it.
CREATE FUNCTION tiles.station_min_zoom(kind text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE kind WHEN 'grid_post' THEN 14 WHEN 'workstation' THEN 12
                     WHEN 'command_post' THEN 10 ELSE 8 END
$$;

-- The order of dispatch.rules.StationKind.
CREATE FUNCTION tiles.station_kind_index(kind text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_position(ARRAY['city_centre', 'sub_centre', 'command_post', 'workstation',
                                'grid_post', 'police_station', 'anti_fraud_centre'], kind) - 1
$$;

CREATE FUNCTION tiles.stations(z int, x int, y int, as_of timestamptz)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'stations', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT ST_Point(p.px, p.py) AS geom, s.id, tiles.station_kind_index(s.kind) AS k
        FROM published.station s
        CROSS JOIN LATERAL tiles.place(s.geom, z, x, y) p
        WHERE s.geom && tiles.box_deg(z, x, y)
          AND p.px BETWEEN 0 AND 4095 AND p.py BETWEEN 0 AND 4095
          AND s.valid @> as_of AND tiles.station_min_zoom(s.kind) <= z
        ORDER BY s.id
    ) t
$$;

-- Who is assigned in each area of one level: grid workers (`g`, cells below the area included),
-- police (`p`: officers and auxiliaries) and whether the staffing rule holds (`ok`). A community is
-- judged by its own rule; a cell by having a grid worker of its own.
CREATE FUNCTION tiles.staffed_areas(
    box geometry, wanted_level text, inside_lo bigint, inside_hi bigint, as_of timestamptz
) RETURNS TABLE (code bigint, name text, label geometry, g int, p int, ok int)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.code, a.name, a.label, coalesce(n.g, 0), coalesce(n.p, 0),
           CASE WHEN a.level = 'cell' THEN (coalesce(n.own_g, 0) > 0)::int
                ELSE (r.short IS NULL)::int END
    FROM published.area a
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT s.call_sign) FILTER (WHERE s.role = 'grid_worker')::int AS g,
               count(DISTINCT s.call_sign)
                   FILTER (WHERE s.role = 'grid_worker' AND s.duty = 'primary')::int AS own_g,
               count(DISTINCT s.call_sign)
                   FILTER (WHERE s.role IN ('officer', 'auxiliary'))::int AS p
        FROM published.assignment s
        WHERE s.area_code BETWEEN a.lo AND a.hi AND s.valid @> as_of
    ) n ON true
    LEFT JOIN (
        SELECT DISTINCT area_code AS short FROM published.staffing(as_of)
        WHERE present < required AND wanted_level = 'community'
    ) r ON r.short = a.code
    WHERE a.level = wanted_level AND a.valid @> as_of
      AND (box IS NULL OR a.label && box)
      AND (inside_lo IS NULL OR a.code BETWEEN inside_lo AND inside_hi)
$$;

CREATE FUNCTION tiles.assignments(z int, x int, y int, as_of timestamptz)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'assignments', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT ST_Point(q.px, q.py) AS geom, a.code, a.g, a.p, a.ok
        FROM tiles.staffed_areas(tiles.box_deg(z, x, y),
                                 CASE WHEN z >= 14 THEN 'cell' ELSE 'community' END,
                                 NULL, NULL, as_of) a
        CROSS JOIN LATERAL tiles.place(a.label, z, x, y) q
        WHERE q.px BETWEEN 0 AND 4095 AND q.py BETWEEN 0 AND 4095
        ORDER BY a.code
    ) t
$$;

-- Lines and points that help to find one's way.
CREATE FUNCTION tiles.features(z int, x int, y int)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'features', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT f.kind, f.name,
               ST_AsMVTGeom(ST_Transform(f.geom, 3857), ST_TileEnvelope(z, x, y), 4096, 64, true)
                   AS geom
        FROM published.map_feature f
        WHERE f.geom && ST_Expand(tiles.box_deg(z, x, y), 360.0 / 2 ^ z * 64 / 4096)
        ORDER BY f.kind, f.name
    ) t
    WHERE t.geom IS NOT NULL
$$;
