-- Audience: of which subjects a session may hear, enforced by PostgreSQL itself under the filter of the
-- app, as scope is (30_scope.sql). In words of `identity/audiences.py`; a test holds the two together.
-- NULL for nobody, who hears nothing. Whoever only watches hears of what it may list then.
CREATE OR REPLACE FUNCTION session_audiences() RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    held text;
    watches boolean;
BEGIN
    SELECT role, NOT acts INTO held, watches FROM live_sign_in WHERE token_hash =
        sha256(convert_to(nullif(current_setting('app.session', true), ''), 'UTF8'))
        AND NOT (awaits_code OR first_password OR needs_factor);
    IF held IS NULL THEN
        -- A program by its key reads of cases, and of nothing else.
        RETURN CASE WHEN session_program() IS NOT NULL THEN ARRAY['everyone', 'cases'] END;
    END IF;
    IF watches THEN
        RETURN ARRAY['everyone', 'cases', 'roster'];
    END IF;
    RETURN ARRAY['everyone', 'cases', 'roster']
        || CASE WHEN held NOT IN ('planner', 'grid_worker', 'wall_display')
                THEN ARRAY['warnings'] ELSE ARRAY[]::text[] END
        || CASE WHEN held NOT IN ('planner', 'wall_display')
                THEN ARRAY['mediation'] ELSE ARRAY[]::text[] END
        || CASE WHEN held IN ('planner', 'city_admin', 'duty_officer', 'auditor')
                THEN ARRAY['plans'] ELSE ARRAY[]::text[] END;
END $$;

DO $$
BEGIN
    -- Only where it is missing: making it takes a lock for which a running server would wait.
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'audience'
                   AND polrelid = 'stream_event'::regclass) THEN
        -- Besides that of scope, not in its place.
        CREATE POLICY audience ON stream_event AS RESTRICTIVE TO minqing_app
            USING (audience = ANY ((SELECT session_audiences())::text[]));
    END IF;
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'watching'
                   AND polrelid = 'stream_event'::regclass) THEN
        CREATE POLICY watching ON stream_event FOR SELECT TO minqing_watching
            USING (range_contains_elem((SELECT session_scope()), area_code)
                   AND audience = ANY ((SELECT session_audiences())::text[]));
    END IF;
END $$;
