-- The database's roles, the same for all databases of a cluster.
--
-- minqing_app: as whom the statements of requests run. It owns nothing and passes by no policy.
-- minqing_watching: the same for whoever only watches: it writes nothing and reads no free text (30_scope.sql).
-- minqing_login: as whom the server signs in for requests. It may take these two roles and can do nothing by
--   itself: a statement of a stranger's that lays the role down (RESET ROLE) can do less than before, never more.
--   The embedded database lets in whoever reaches its socket; elsewhere `minqing db roles` gives it a password.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES ('minqing_app', 'NOLOGIN'),
                                        ('minqing_watching', 'NOLOGIN'),
                                        ('minqing_login', 'LOGIN NOINHERIT')) t (name, options) LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.options);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this cluster was made ready at the same moment
            END;
        END IF;
    END LOOP;
END $$;
DO $$
DECLARE
    taken text;
BEGIN
    FOREACH taken IN ARRAY ARRAY['minqing_app', 'minqing_watching'] LOOP
        IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = to_regrole(taken)
                       AND member = to_regrole('minqing_login')) THEN
            EXECUTE format('GRANT %I TO minqing_login', taken);
        END IF;
    END LOOP;
EXCEPTION WHEN unique_violation THEN
    NULL;  -- as above
END $$;
