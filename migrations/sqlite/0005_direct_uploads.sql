-- Uploads whose bytes go from their sender straight to the store: what was promised of them, until
-- they are a file. The row of the same id in `uploads` leads a sweep to bytes that never became one.
CREATE TABLE direct_uploads (
    id            TEXT PRIMARY KEY,
    customer_id   TEXT NOT NULL REFERENCES customers (id),
    object_key    TEXT NOT NULL,
    -- The store's name for an upload of parts, and how large they are; none for a single request.
    parts_id      TEXT,
    part_size     BIGINT,
    size          BIGINT NOT NULL,
    checksum      TEXT,
    name          TEXT NOT NULL,
    folder        TEXT NOT NULL,
    owner_id      TEXT,
    given         TEXT NOT NULL,
    content_type  TEXT,
    replaces      TEXT,
    begun_by      TEXT NOT NULL,
    state         TEXT NOT NULL,
    file_id       TEXT,
    claimed_until BIGINT,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    FOREIGN KEY (customer_id, owner_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, replaces) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
CREATE UNIQUE INDEX direct_uploads_by_customer ON direct_uploads (customer_id, id);
CREATE INDEX direct_uploads_open ON direct_uploads (customer_id, expires_at) WHERE state = 'open';
