-- Scope: what a request may see, enforced by PostgreSQL itself (docs/decisions, row security).
--
-- A request's transaction runs as `minqing_app`, which owns nothing, is no superuser and passes
-- by no policy. It says who asks by a session token in `app.session` (set for this transaction
-- only); unset, or of nobody, it sees no row and no error.
--
-- A session that nobody has used for a while only watches. Its transactions run as
-- `minqing_watching`, which may read what the map and the lists show and write nothing: no free text
-- (column by column), no contact, photo, meeting, plan or audit. As `minqing_app` it sees no row.

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'minqing_app', 'MEMBER') THEN
        EXECUTE format('GRANT minqing_app TO %I', current_user);
    END IF;
    IF NOT pg_has_role(current_user, 'minqing_watching', 'MEMBER') THEN
        EXECUTE format('GRANT minqing_watching TO %I', current_user);
    END IF;
END $$;

-- Without this no index on geometry can be used under row security. Accepted in writing: the
-- operator compares bounding boxes and tells of their contents in no error.
DO $$
BEGIN
    IF NOT (SELECT proleakproof FROM pg_proc
            WHERE oid = to_regprocedure('geometry_overlaps(geometry,geometry)')) THEN
        ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
    END IF;
END $$;

-- The sessions that hold just now, each with the grant under which it acts. Unused for `idle_after`
-- a session only watches, until `unused_for` after its sign-in; 12 hours (a shift) old, it is over
-- (`rules.SESSION_HOURS`). A screen on a wall acts for as long as it is seen, and is over when
-- nobody has seen it for 30 days (`rules.WALL_UNSEEN_DAYS`).
CREATE OR REPLACE VIEW live_sign_in AS
SELECT s.token_hash, s.seen_at, a.id AS account_id, a.name, a.demo, g.id AS grant_id, g.role,
       g.area_code, g.lo, g.hi, s.stepped_up_until, s.id, s.label, s.created_at,
       CASE WHEN g.role = 'wall_display' THEN 'infinity' ELSE s.seen_at + s.idle_after END
           AS acts_until,
       g.role = 'wall_display' OR s.seen_at + s.idle_after > now() AS acts,
       CASE WHEN g.role = 'wall_display' THEN s.seen_at + interval '30 days'
            ELSE s.created_at + interval '12 hours' END AS ends_at,
       -- Until the account is its post's alone nothing is open to it (identity/second_person). Nobody
       -- stands at a display on a wall to change its password, and it shows nothing protected; demo
       -- accounts are nobody's own.
       a.release_hash IS NOT NULL AS awaits_code,
       a.first_password AND NOT a.demo AND g.role <> 'wall_display' AS first_password,
       s.by_provider,
       -- Whoever acts in a role that must have a second factor (`MINQING_SECOND_FACTOR_ROLES`, as it
       -- was at the sign-in) opens nothing before the account has one.
       NOT a.demo AND g.role = ANY (s.factor_roles) AND NOT EXISTS (
           SELECT FROM second_factor f WHERE f.account_id = a.id AND f.confirmed_at IS NOT NULL)
           AS needs_factor
FROM sign_in s
JOIN account a ON a.id = s.account_id
JOIN account_grant g ON g.id = s.grant_id AND g.account_id = a.id
WHERE a.disabled_at IS NULL AND g.valid @> now()
  AND CASE WHEN g.role = 'wall_display' THEN s.seen_at > now() - interval '30 days'
           ELSE s.created_at > now() - interval '12 hours'
                AND (s.seen_at + s.idle_after > now() OR s.created_at + s.unused_for > now())
      END;

-- The codes that the session of this transaction may see. NULL holds no code. What only watches sees
-- as `minqing_watching` alone; a request that began two seconds before that still ends as it began.
-- Not in plain SQL: that would be planned anew at every call, and every statement calls it.
CREATE OR REPLACE FUNCTION session_scope() RETURNS int8range
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    asks CONSTANT bytea :=
        sha256(convert_to(nullif(current_setting('app.session', true), ''), 'UTF8'));
    held int8range;
BEGIN
    SELECT int8range(lo, hi, '[]') INTO held FROM live_sign_in
        WHERE token_hash = asks AND NOT (awaits_code OR first_password OR needs_factor)
          AND (acts_until > now() - interval '2 seconds'
               OR current_setting('role') = 'minqing_watching');
    IF NOT FOUND THEN
        -- A program with a key of its own stands for the key's area.
        SELECT int8range(lo, hi, '[]') INTO held FROM api_key
            WHERE key_hash = asks AND revoked_at IS NULL;
    END IF;
    RETURN held;
END $$;

-- The name of the key by which the program of this transaction acts; NULL for everybody else.
CREATE OR REPLACE FUNCTION session_program() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN (SELECT name FROM api_key WHERE revoked_at IS NULL AND key_hash =
        sha256(convert_to(nullif(current_setting('app.session', true), ''), 'UTF8')));
END $$;

-- Base units, which a request sees inside its scope alone. The table itself has no row security:
-- planning reads units of communities that border on a plan's, keeps them for everybody, and shows
-- of them what the plan's area allows. What is looked at on a map or taken out comes from here.
CREATE VIEW published.base_unit AS
SELECT unit_id, community_code, cell_code, households, incidents, street_block, locked, geom, valid
FROM base_unit
WHERE current_user NOT IN ('minqing_app', 'minqing_watching')
   OR range_contains_elem((SELECT session_scope()), cell_code);

-- Scope is looked up once a statement (the subquery), and compared once a row by a function of
-- which the planner expects a third of the rows: a comparison with an unknown bound would make it
-- expect one in two hundred, and choose plans that take hours where it is wrong.
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('incident', 'cell_code'), ('incident_event', 'cell_code'),
        ('audit_row', 'area_code'), ('case_contact', 'cell_code'),
        ('report_receipt', 'cell_code'), ('attachment', 'cell_code'),
        ('mediation', 'cell_code'), ('mediation_event', 'cell_code'),
        ('meeting_booking', 'cell_code'), ('warning', 'cell_code'), ('warning_event', 'cell_code'),
        ('plan', 'area_code'), ('plan_move', 'area_code'), ('plan_edit', 'area_code'),
        ('plan_lock', 'area_code'), ('plan_comment', 'area_code'), ('plan_step', 'area_code'),
        ('plan_job', 'area_code'), ('webhook', 'area_code'), ('webhook_delivery', 'area_code'),
        ('duty_mailbox', 'area_code'), ('duty_mail', 'area_code'),
        ('stream_event', 'area_code')) t (relation, code)
    LOOP
        -- Only where something is missing: it takes locks for which a running server would wait.
        IF NOT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
                WHERE oid = to_regclass('public.' || kept.relation)) THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept.relation);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', kept.relation);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'scope'
                       AND polrelid = to_regclass('public.' || kept.relation)) THEN
            EXECUTE format(
                'CREATE POLICY scope ON %I TO minqing_app'
                ' USING (range_contains_elem((SELECT session_scope()), %I))',
                kept.relation, kept.code);
        END IF;
        -- Loader, relay and command line belong to no request.
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'house'
                       AND polrelid = to_regclass('public.' || kept.relation)) THEN
            EXECUTE format('CREATE POLICY house ON %I TO CURRENT_USER USING (true)',
                           kept.relation);
        END IF;
    END LOOP;
END $$;

-- What is counted all day: the two ends of the scope, so that an index can be searched by them. (No
-- index of integers answers "in this range"; of a scope that is NULL nothing is seen, as above.)
DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['case_now', 'case_past'] LOOP
        IF NOT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
                WHERE oid = to_regclass('public.' || relation)) THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relation);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', relation);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'scope'
                       AND polrelid = to_regclass('public.' || relation)) THEN
            EXECUTE format(
                'CREATE POLICY scope ON %I TO minqing_app'
                ' USING (cell_code >= lower((SELECT session_scope()))'
                '    AND cell_code < upper((SELECT session_scope())))', relation);
            EXECUTE format('CREATE POLICY house ON %I TO CURRENT_USER USING (true)', relation);
        END IF;
    END LOOP;
END $$;

-- Of these whoever only watches sees rows: the case as the map and the lists show it; and of the
-- stream (35_audience.sql).
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('incident', 'range_contains_elem((SELECT session_scope()), cell_code)'),
        ('incident_event', 'range_contains_elem((SELECT session_scope()), cell_code)'),
        ('case_now', 'cell_code >= lower((SELECT session_scope()))'
                     ' AND cell_code < upper((SELECT session_scope()))'),
        ('case_past', 'cell_code >= lower((SELECT session_scope()))'
                      ' AND cell_code < upper((SELECT session_scope()))')
        ) t (relation, seen) LOOP
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'watching'
                       AND polrelid = to_regclass('public.' || kept.relation)) THEN
            EXECUTE format('CREATE POLICY watching ON %I FOR SELECT TO minqing_watching USING (%s)',
                           kept.relation, kept.seen);
        END IF;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA public, published TO minqing_app, minqing_watching;
GRANT SELECT ON ALL TABLES IN SCHEMA published TO minqing_watching;
GRANT SELECT ON alembic_version, area, area_shape, assignment, base_unit, boundary_version,
    category, city, closing_rule, duty_unit, filing_line, incident_status, map_feature,
    staffing_rule, station, station_cover, stream_event, stream_state, case_now, case_past, taken_days
    TO minqing_watching;
-- All but what was written of a case (`description`), and why a step was taken by whom.
GRANT SELECT (reported_at, no, id, category, title, severity, source, status, cell_code, geom,
    location_uncertainty_m, occurred_at, closed_at, simulated, tier, unit_id)
    ON incident TO minqing_watching;
GRANT SELECT (at, no, ordinal, step, status, tier, cell_code, role, area_code, program, unit_id, until,
    outcome, other_no, from_cell) ON incident_event TO minqing_watching;
GRANT SELECT ON ALL TABLES IN SCHEMA published TO minqing_app;
-- Table by table: a partition has no policy of its own and must not be reached past its parent's.
GRANT SELECT ON alembic_version, area, area_shape, assignment, base_unit, boundary_version,
    category, city, closing_rule, duty_unit, filing_line, incident, incident_event,
    incident_status, map_feature, report_receipt, staffing_rule, station, station_cover, stream_event, stream_state
    TO minqing_app;
GRANT INSERT ON incident, incident_event, report_receipt, outbox TO minqing_app;
-- Its number only, which comes back from an insert; what is told by others stays unread.
GRANT SELECT (id) ON outbox TO minqing_app;
GRANT UPDATE (status, closed_at, tier, unit_id) ON incident TO minqing_app;
GRANT SELECT ON audit_row TO minqing_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON case_contact TO minqing_app;
GRANT SELECT, INSERT, DELETE ON attachment TO minqing_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON case_now TO minqing_app;
GRANT SELECT, INSERT ON case_past TO minqing_app;
GRANT SELECT, INSERT ON taken_days TO minqing_app;
GRANT SELECT ON room, visit_rule TO minqing_app;
GRANT SELECT, INSERT, UPDATE (state) ON mediation TO minqing_app;
GRANT SELECT, INSERT ON mediation_event, warning_event TO minqing_app;
GRANT SELECT, INSERT, DELETE ON meeting_booking TO minqing_app;
GRANT SELECT, INSERT, UPDATE (state) ON warning TO minqing_app;
GRANT SELECT, INSERT, UPDATE ON plan, plan_comment, plan_edit, plan_job TO minqing_app;
GRANT DELETE ON plan_edit TO minqing_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_move TO minqing_app;
GRANT SELECT, INSERT, DELETE ON plan_lock TO minqing_app;
GRANT SELECT, INSERT ON plan_step TO minqing_app;
-- All but the sealed secret, which only the sender opens.
GRANT SELECT (id, name, url, topics, area_code, lo, hi, created_at, removed_at, seq, failures, next_at),
    INSERT, UPDATE (removed_at, next_at) ON webhook TO minqing_app;
GRANT SELECT, UPDATE (failed_at, delivered_at, queued_at) ON webhook_delivery TO minqing_app;
GRANT SELECT, INSERT, DELETE, UPDATE (mailbox, set_at, failures, next_at) ON duty_mailbox TO minqing_app;
GRANT SELECT, INSERT, UPDATE (failed_at, queued_at, due_at, by_hand) ON duty_mail TO minqing_app;
GRANT USAGE ON SEQUENCE incident_no_seq TO minqing_app;
REVOKE ALL ON account, account_grant, second_factor, account_change, identity_proposal, sign_in, sign_in_failure,
    live_sign_in, audit_head, api_key, key_use, open_page, duty_mail_place FROM minqing_app;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
                WHERE relnamespace = 'published'::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('ALTER VIEW published.%I SET (security_invoker = true)', name);
    END LOOP;
END $$;

-- What must be so before anybody is served; one row for everything that is not.
CREATE OR REPLACE FUNCTION scope_faults() RETURNS TABLE (fault text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'geometry_overlaps is not LEAKPROOF'
    WHERE NOT coalesce((SELECT proleakproof FROM pg_proc
                        WHERE oid = to_regprocedure('geometry_overlaps(geometry,geometry)')), false)
    UNION ALL
    SELECT 'the role minqing_app is missing, or can do more than it may'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'minqing_app'
                      AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole)
    UNION ALL
    SELECT 'the role minqing_login is missing, or can do more than take the roles of requests'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'minqing_login'
                      AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole
                      AND NOT rolcreatedb AND NOT rolreplication AND NOT rolinherit)
       OR (SELECT array_agg(DISTINCT pg_get_userbyid(roleid)::text ORDER BY pg_get_userbyid(roleid)::text)
           FROM pg_auth_members WHERE member = to_regrole('minqing_login'))
          IS DISTINCT FROM ARRAY['minqing_app', 'minqing_watching']
    UNION ALL
    SELECT format('the role %s may take another role', r)
    FROM unnest(ARRAY['minqing_app', 'minqing_watching']) r
    WHERE EXISTS (SELECT FROM pg_auth_members WHERE member = to_regrole(r))
    UNION ALL
    -- Of what it was granted what counts is here; that it may connect at all stands elsewhere.
    SELECT format('the role %s owns something%s', r, CASE r WHEN 'minqing_login'
        THEN ', or was granted something for itself' ELSE '' END)
    FROM unnest(ARRAY['minqing_app', 'minqing_watching', 'minqing_login']) r
    WHERE EXISTS (SELECT FROM pg_shdepend
                  WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(r)
                    AND (deptype = 'o' OR (deptype = 'a' AND r = 'minqing_login' AND dbid =
                         (SELECT oid FROM pg_database WHERE datname = current_database()))))
    UNION ALL
    SELECT format('%s has no forced row security', t)
    FROM unnest(ARRAY['incident', 'incident_event', 'report_receipt', 'attachment',
        'stream_event', 'audit_row', 'case_contact', 'mediation', 'mediation_event',
        'meeting_booking', 'warning', 'warning_event', 'plan', 'plan_move', 'plan_edit',
        'plan_lock', 'plan_comment', 'plan_step', 'plan_job', 'case_now', 'case_past', 'webhook',
        'webhook_delivery', 'duty_mailbox', 'duty_mail']) t
    WHERE NOT coalesce((SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
                        WHERE oid = to_regclass('public.' || t)), false)
    UNION ALL
    SELECT format('%s has not exactly the policy of scope', t)
    FROM unnest(ARRAY['incident', 'incident_event', 'report_receipt', 'attachment',
        'stream_event', 'audit_row', 'case_contact', 'mediation', 'mediation_event',
        'meeting_booking', 'warning', 'warning_event', 'plan', 'plan_move', 'plan_edit',
        'plan_lock', 'plan_comment', 'plan_step', 'plan_job', 'webhook', 'webhook_delivery',
        'duty_mailbox', 'duty_mail']) t
    WHERE (SELECT array_agg(polname || ': ' || pg_get_expr(polqual, polrelid)) FROM pg_policy
           WHERE polrelid = to_regclass('public.' || t)
             AND polroles && ARRAY[0::oid, to_regrole('minqing_app')::oid]
             AND (t, polname) <> ('stream_event', 'audience'))
        IS DISTINCT FROM ARRAY['scope: range_contains_elem(( SELECT session_scope() AS '
            || 'session_scope), ' || CASE WHEN t IN ('stream_event', 'audit_row')
            OR t LIKE 'plan%' OR t LIKE 'webhook%' OR t LIKE 'duty%' THEN 'area_code'
            ELSE 'cell_code' END || ')']
    UNION ALL
    SELECT format('%s has not exactly the policy of scope', t)
    FROM unnest(ARRAY['case_now', 'case_past']) t
    WHERE (SELECT array_agg(polname || ': ' || pg_get_expr(polqual, polrelid)) FROM pg_policy
           WHERE polrelid = to_regclass('public.' || t)
             AND polroles && ARRAY[0::oid, to_regrole('minqing_app')::oid])
        IS DISTINCT FROM ARRAY['scope: ((cell_code >= lower(( SELECT session_scope() AS '
            || 'session_scope))) AND (cell_code < upper(( SELECT session_scope() AS '
            || 'session_scope))))']
    UNION ALL
    SELECT 'the role minqing_watching is missing, or can do more than it may'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'minqing_watching'
                      AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole)
    UNION ALL
    SELECT format('%s has not exactly the policy of watching', t)
    FROM unnest(ARRAY['incident', 'incident_event', 'case_now', 'case_past', 'stream_event']) t
    WHERE NOT coalesce((
        SELECT count(*) = 1 AND bool_and(polname = 'watching' AND polcmd = 'r'
            AND pg_get_expr(polqual, polrelid) LIKE '%session_scope()%')
        FROM pg_policy WHERE polrelid = to_regclass('public.' || t)
          AND to_regrole('minqing_watching')::oid = ANY (polroles)), false)
    UNION ALL
    SELECT format('minqing_watching can write to %s, or read what was written in it', c.relname)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (has_any_column_privilege(to_regrole('minqing_watching'), c.oid, 'INSERT, UPDATE')
           OR has_table_privilege(to_regrole('minqing_watching'), c.oid, 'DELETE, TRUNCATE')
           OR EXISTS (
               SELECT FROM pg_attribute a
               WHERE a.attrelid = c.oid AND c.relname IN ('incident', 'incident_event')
                 AND a.attname IN ('description', 'reason', 'account_id')
                 AND has_column_privilege(to_regrole('minqing_watching'), c.oid, a.attnum, 'SELECT')))
    UNION ALL
    SELECT 'stream_event has not the policy of audience'
    WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'audience' AND NOT polpermissive
                      AND polrelid = to_regclass('public.stream_event')
                      AND polroles = ARRAY[to_regrole('minqing_app')::oid]
                      AND pg_get_expr(polqual, polrelid) = '(audience = ANY (( SELECT '
                          || 'session_audiences() AS session_audiences)::text[]))')
    UNION ALL
    SELECT format('published.%s does not ask as its reader', relname) FROM pg_class
    WHERE relnamespace = to_regnamespace('published') AND relkind = 'v'
      AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
    UNION ALL
    SELECT 'published.base_unit shows units beyond the scope'
    WHERE NOT coalesce(pg_get_viewdef(to_regclass('published.base_unit'))
                       LIKE '%session_scope()%cell_code%', false)
    UNION ALL
    SELECT 'rows of the audit can be changed'
    WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'audit_row_append_only'
                      AND tgrelid = to_regclass('public.audit_row') AND tgenabled = 'A')
    UNION ALL
    SELECT format('minqing_app can read %s past its parent', c.relname)
    FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'
      AND c.relnamespace = 'public'::regnamespace
      AND has_table_privilege('minqing_app', c.oid, 'SELECT')
$$;
