-- Vector tiles: one function a layer, over the views of `published` only.
--
-- Every function takes a tile (z, x, y; checked by the caller) and the minute it is asked for, and
-- gives one row: the tile, how many features it holds, and how many it would hold without its cap.
-- They are plain SQL without STRICT or SET, so that PostgreSQL unfolds them into the calling
-- statement and plans them with the values of the call.

DROP SCHEMA IF EXISTS tiles CASCADE;
CREATE SCHEMA tiles;
-- The functions see what their caller may see.
GRANT USAGE ON SCHEMA tiles TO PUBLIC;

-- The zoom of the prepared shape that serves a tile: the nearest one that is kept (geodata.shapes).
CREATE FUNCTION tiles.shape_zoom(level text, z int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN level IN ('cell', 'community') THEN least(greatest(z, 8), 15)
                ELSE least(greatest(z, 6), 14) END
$$;

-- A tile's box in EPSG:4326, for the indexes of tables that keep degrees.
CREATE FUNCTION tiles.box_deg(z int, x int, y int) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ST_Transform(ST_TileEnvelope(z, x, y), 4326)
$$;

-- Where a point (EPSG:4326) lies in a tile: column and row in 1/4096, from its upper left corner;
-- inside the tile both are in 0..4095, so every point lies in exactly one tile of a zoom.
CREATE FUNCTION tiles.place(geom geometry, z int, x int, y int) RETURNS TABLE (px int, py int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT floor(((ST_X(geom) + 180) / 360 * 2 ^ z - x) * 4096)::int,
           floor(((1 - asinh(tand(ST_Y(geom))) / pi()) / 2 * 2 ^ z - y) * 4096)::int
$$;
