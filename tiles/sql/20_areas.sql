-- Outlines of one level of the tree, from the shapes prepared for the zoom.
CREATE FUNCTION tiles.areas(z int, x int, y int, wanted_level text, as_of timestamptz)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'areas', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT s.code, s.level,
               ST_AsMVTGeom(s.geom, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM published.area_shape s
        WHERE s.level = wanted_level AND s.zoom = tiles.shape_zoom(wanted_level, z)
          AND s.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
          AND s.valid @> as_of
        ORDER BY s.code
    ) t
    WHERE t.geom IS NOT NULL
$$;

-- Base units of the cells from `lo` to `hi`, each with the cell to which it belongs.
CREATE FUNCTION tiles.units(z int, x int, y int, as_of timestamptz, lo bigint, hi bigint)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'units', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT u.unit_id AS id, u.cell_code AS c,
               ST_AsMVTGeom(ST_Transform(u.geom, 3857), ST_TileEnvelope(z, x, y), 4096, 64, true)
                   AS geom
        FROM published.base_unit u
        WHERE u.geom && ST_Expand(tiles.box_deg(z, x, y), 360.0 / 2 ^ z * 64 / 4096)
          AND u.valid @> as_of AND u.cell_code BETWEEN lo AND hi
        ORDER BY u.unit_id
    ) t
    WHERE t.geom IS NOT NULL
$$;

-- Grid cells: the code and nothing else; figures travel apart, as `code -> value`.
CREATE FUNCTION tiles.cells(z int, x int, y int, as_of timestamptz)
RETURNS TABLE (mvt bytea, returned bigint, matched bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_AsMVT(t, 'cells', 4096, 'geom'), count(*), count(*)
    FROM (
        SELECT s.code, ST_AsMVTGeom(s.geom, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM published.area_shape s
        WHERE s.level = 'cell' AND s.zoom = tiles.shape_zoom('cell', z)
          AND s.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
          AND s.valid @> as_of
        ORDER BY s.code
    ) t
    WHERE t.geom IS NOT NULL
$$;
