-- How a request asks for work behind the scenes (core/jobs.py): in its own transaction, into a queue
-- that it can neither read nor change. The worker is told when the transaction is committed.
CREATE OR REPLACE FUNCTION ask_for_task(task text, row_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = jobs, pg_temp AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('asked', task, 0, NULL, NULL,
        jsonb_build_object('row_id', row_id), NULL)::procrastinate_job_to_defer_v1])
$$;
REVOKE ALL ON FUNCTION ask_for_task(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_for_task(text, bigint) TO minqing_app;
