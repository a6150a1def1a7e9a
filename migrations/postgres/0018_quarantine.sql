-- When bytes were judged last, and under which name: its ending is a part of what is judged. Such a verdict stands
-- for the same bytes under the same name until the scanner changes.
ALTER TABLE blobs ADD COLUMN scanned_at BIGINT;
ALTER TABLE blobs ADD COLUMN scanned_as TEXT COLLATE "C";
-- Row-level security would hide every row from whoever says for nobody.
ALTER TABLE blobs NO FORCE ROW LEVEL SECURITY;
UPDATE blobs SET scanned_at = created_at WHERE scan_status <> 'pending';
ALTER TABLE blobs FORCE ROW LEVEL SECURITY;
-- Whose judgement is the oldest.
CREATE INDEX blobs_by_scan ON blobs (customer_id, scanned_at, id) WHERE scan_status = 'clean' AND collected_at IS NULL;
CREATE INDEX blobs_by_checksum ON blobs (customer_id, checksum);
CREATE INDEX files_in_quarantine ON files (customer_id, id) WHERE status = 'quarantined';

-- Bytes that were found harmful, and are no such thing as two people say: by hash, for a time.
CREATE TABLE releases (
    id               TEXT COLLATE "C" PRIMARY KEY,
    customer_id      TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    -- The file at which it was proposed; every file of these bytes is let go.
    file_id          TEXT COLLATE "C" NOT NULL,
    checksum         TEXT COLLATE "C" NOT NULL,
    proposed_by      TEXT COLLATE "C" NOT NULL,
    reason           TEXT COLLATE "C" NOT NULL,
    proposed_at      BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    confirmed_by     TEXT COLLATE "C",
    confirmed_reason TEXT COLLATE "C",
    confirmed_at     BIGINT,
    ended_at         BIGINT,
    UNIQUE (customer_id, id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
-- One at a time for the same bytes.
CREATE UNIQUE INDEX releases_open ON releases (customer_id, checksum) WHERE ended_at IS NULL;

ALTER TABLE releases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON releases USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
