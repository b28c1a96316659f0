-- The database's roles, the same for all databases of a cluster.
--
-- minqing_app: as whom the statements of requests run. It owns nothing and passes by no policy.
-- minqing_login: as whom the server signs in for requests. It may take the role minqing_app and can do nothing by
--   itself: a statement of a stranger's that lays the role down (RESET ROLE) can do less than before, never more.
--   The embedded database lets in whoever reaches its socket; elsewhere `minqing db roles` gives it a password.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES ('minqing_app', 'NOLOGIN'),
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
BEGIN
    IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = to_regrole('minqing_app')
                   AND member = to_regrole('minqing_login')) THEN
        GRANT minqing_app TO minqing_login;
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;  -- as above
END $$;
