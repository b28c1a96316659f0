-- The schema `published`: what maps, tiles, notebooks and reports may read.
-- Free text, contacts and everything else that could tell of a resident ends here.
-- Every view carries `valid` or instants, so that a reader can ask for any minute.

DROP SCHEMA IF EXISTS published CASCADE;
CREATE SCHEMA published;

CREATE VIEW published.city AS
SELECT code, name, name_en, demo FROM city;

CREATE VIEW published.boundary_version AS
SELECT id, valid, note FROM boundary_version;

CREATE VIEW published.area AS
SELECT code, level, kind, parent_code, name, name_en, households, residents, area_m2, locked,
       lo, hi, label, geom, valid
FROM area;

CREATE VIEW published.cell AS
SELECT code, kind, parent_code, name, households, residents, area_m2, locked, label, geom, valid
FROM area WHERE level = 'cell';

CREATE VIEW published.area_shape AS
SELECT level, zoom, code, geom, valid FROM area_shape;

-- published.base_unit is made in 30_scope.sql.

CREATE VIEW published.category AS
SELECT code, parent_code, name_zh, name_en, kind, limit_text, valid FROM category;

CREATE VIEW published.filing_line AS
SELECT ordinal, category, sub_category, code, condition, "limit", unit, responsible_unit,
       closing_condition, note, valid
FROM filing_line;

CREATE VIEW published.incident AS
SELECT i.no, i.id, i.category, i.severity, i.source, i.status, s.stage, s.stage_ordinal, s.is_open,
       i.cell_code, i.occurred_at, i.reported_at, i.closed_at, i.simulated, i.geom
FROM incident i LEFT JOIN incident_status s USING (status);

CREATE VIEW published.incident_event AS
SELECT no, ordinal, at, step, status, tier, from_cell, cell_code FROM incident_event;

CREATE VIEW published.incident_status AS
SELECT status, stage, stage_ordinal, is_open FROM incident_status;

CREATE VIEW published.station AS
SELECT id, code, kind, name, area_code, geom, valid FROM station;

CREATE VIEW published.station_cover AS
SELECT c.station_id, c.area_code FROM station_cover c;

CREATE VIEW published.duty_unit AS
SELECT id, call_sign, role, station_id, valid FROM duty_unit;

CREATE VIEW published.assignment AS
SELECT a.area_code, u.call_sign, u.role, a.duty, s.code AS station_code, s.kind AS station_kind,
       s.name AS station_name, a.valid * u.valid AS valid
FROM assignment a
JOIN duty_unit u ON u.id = a.unit_id
JOIN station s ON s.id = u.station_id
WHERE a.valid && u.valid;

CREATE VIEW published.map_feature AS
SELECT id, kind, name, geom FROM map_feature;

-- How the staffing rule stands in each community at one minute: one row a community and role.
-- An auxiliary or officer counts once a community, whatever the number of assignments there.
CREATE OR REPLACE FUNCTION published.staffing(as_of timestamptz)
RETURNS TABLE (area_code bigint, area_kind text, role text, required int, present int)
LANGUAGE sql STABLE AS $$
    SELECT a.code, a.kind, r.role, r.required, count(DISTINCT u.id)::int
    FROM area a
    JOIN staffing_rule r ON r.area_kind = a.kind
    LEFT JOIN assignment s ON s.area_code = a.code AND s.valid @> as_of
    LEFT JOIN duty_unit u ON u.id = s.unit_id AND u.role = r.role AND u.valid @> as_of
    WHERE a.level = 'community' AND a.valid @> as_of
    GROUP BY a.code, a.kind, r.role, r.required
$$;
