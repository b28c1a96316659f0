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

-- The key under which the numbers of that epoch are sealed in the ids that viewers get
-- (app/live/ids.py): 32 bytes, made from the part of the epoch that no viewer is ever sent.
CREATE OR REPLACE FUNCTION stream_key() RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(concat_ws('/', 'stream ids 1', stream_epoch(), s.epoch), 'UTF8'))
    FROM stream_state s
$$;
REVOKE ALL ON FUNCTION stream_key FROM PUBLIC;
