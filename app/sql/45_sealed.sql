-- Whether anything is sealed with the keys of the key file, wherever in the city: whoever seals must
-- not begin a new file where the old one was lost, however small the area that they see.
CREATE OR REPLACE FUNCTION anything_sealed() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM case_contact)
        OR EXISTS (SELECT FROM webhook WHERE removed_at IS NULL)
        OR EXISTS (SELECT FROM second_factor)
$$;
REVOKE ALL ON FUNCTION anything_sealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION anything_sealed TO minqing_app;
