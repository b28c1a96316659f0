-- The audit: append-only, each row's hash over the hash before it and the row itself.

-- A value as the chain covers it: its length in bytes in front, so that a text can be read in one
-- way only. The same in app/identity/audit_words.py.
CREATE OR REPLACE FUNCTION audit_part(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value || ';', '-;')
$$;

-- Writes one row and gives its number. Whoever acts may append, and neither read nor choose what
-- stands before: it runs as its owner. Writers take turns until their transaction ends; `at` is
-- the instant of the turn, so that it never runs against the numbers.
CREATE OR REPLACE FUNCTION audit_append(
    by_account text, by_role text, in_area bigint, what text, case_no bigint, more text, why text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head audit_head;
    now_at timestamptz;
    new_hash bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_append'));
    SELECT * INTO STRICT head FROM audit_head;
    now_at := clock_timestamp();
    head.last_no := head.last_no + 1;
    new_hash := sha256(head.last_hash || convert_to(
        audit_part(head.last_no::text)
        || audit_part((extract(epoch FROM now_at) * 1000000)::bigint::text)
        || audit_part(by_account) || audit_part(by_role) || audit_part(in_area::text)
        || audit_part(what) || audit_part(case_no::text) || audit_part(more) || audit_part(why),
        'UTF8'));
    INSERT INTO audit_row (no, at, account, role, area_code, kind, incident_no, detail, reason, hash)
    VALUES (head.last_no, now_at, by_account, by_role, in_area, what, case_no, more, why, new_hash);
    UPDATE audit_head SET last_no = head.last_no, last_hash = new_hash;
    RETURN head.last_no;
END $$;
REVOKE ALL ON FUNCTION audit_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append TO minqing_app;

DO $$
BEGIN
    -- Only where it is missing: making it takes a lock for which a running server would wait.
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'audit_row_append_only'
                   AND tgrelid = 'audit_row'::regclass AND tgenabled = 'A') THEN
        CREATE OR REPLACE TRIGGER audit_row_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_row
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        ALTER TABLE audit_row ENABLE ALWAYS TRIGGER audit_row_append_only;
    END IF;
END $$;
