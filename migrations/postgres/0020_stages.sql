-- One job for each stage of a version: what was one `inspect` is a scan, and then a reading. A version that waits
-- for its verdict, or was found harmful, is at its scan; every other one is past it.
-- Less is more urgent; within a number, whoever came first.
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 10;
-- Attempts that failed for a reason outside the file, and do not count against it.
ALTER TABLE jobs ADD COLUMN excused BIGINT NOT NULL DEFAULT 0;
-- Row-level security would hide every row from whoever says for nobody.
ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE files NO FORCE ROW LEVEL SECURITY;
UPDATE jobs SET kind = CASE WHEN EXISTS (
    SELECT 1 FROM files f WHERE f.customer_id = jobs.customer_id AND f.id = jobs.file_id AND f.version = jobs.version
    AND f.status IN ('scanning', 'quarantined')) THEN 'scan' ELSE 'read' END
WHERE kind = 'inspect';
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
DROP INDEX jobs_ready;
-- The head for each priority; kinds that a server does not know are passed over within the index.
CREATE INDEX jobs_ready ON jobs (priority, run_at, id, kind) WHERE state = 'ready';
-- How many of a customer wait, and how urgent they are.
DROP INDEX jobs_open;
CREATE INDEX jobs_open ON jobs (customer_id, priority) WHERE state IN ('ready', 'leased');
CREATE INDEX jobs_of_file ON jobs (customer_id, file_id, version);
