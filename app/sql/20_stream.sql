-- The stream's epoch as viewers see it: opaque, and another one whenever numbers may mean other
-- events than before. It changes when a city is loaded anew (the stored part), and by itself when
-- the database was restored into another cluster, cloned, or promoted (identifier, oid, timeline).
CREATE OR REPLACE FUNCTION stream_epoch() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT left(md5(concat_ws('/', s.epoch, c.system_identifier, d.oid,
        CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::text FROM pg_control_checkpoint())
             ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END)), 12)
    FROM stream_state s, pg_control_system() c, pg_database d
    WHERE d.datname = current_database()
$$;
