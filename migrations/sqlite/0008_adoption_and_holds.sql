-- Why a file is held, who placed the hold and when; nothing of it where `hold` is 0.
ALTER TABLE files ADD COLUMN hold_reason TEXT;
ALTER TABLE files ADD COLUMN held_by TEXT;
ALTER TABLE files ADD COLUMN held_at BIGINT;
CREATE INDEX files_held ON files (customer_id, id) WHERE hold <> 0;

-- Runs over objects that are adopted where they lie, and how far each is.
CREATE TABLE imports (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    bucket       TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    folder       TEXT NOT NULL,
    begun_by     TEXT NOT NULL,
    state        TEXT NOT NULL,
    last_key     TEXT,
    adopted      BIGINT NOT NULL DEFAULT 0,
    known        BIGINT NOT NULL DEFAULT 0,
    changed      BIGINT NOT NULL DEFAULT 0,
    refused      BIGINT NOT NULL DEFAULT 0,
    vanished     BIGINT NOT NULL DEFAULT 0,
    deleted      BIGINT NOT NULL DEFAULT 0,
    error        TEXT,
    attempts     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    leased_until BIGINT,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    UNIQUE (customer_id, id)
);
CREATE UNIQUE INDEX imports_of_place ON imports (customer_id, bucket, prefix) WHERE state IN ('listing', 'comparing');
CREATE INDEX imports_open ON imports (run_at, id) WHERE state IN ('listing', 'comparing');

-- What a run names in its report.
CREATE TABLE import_notes (
    customer_id TEXT NOT NULL,
    import_id   TEXT NOT NULL,
    object_key  TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    reason      TEXT,
    PRIMARY KEY (customer_id, import_id, object_key),
    FOREIGN KEY (customer_id, import_id) REFERENCES imports (customer_id, id)
);

-- Objects that stand for a file, with the bytes that were adopted last and the run that saw them last.
CREATE TABLE adopted_objects (
    customer_id TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    object_key  TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    etag        TEXT NOT NULL,
    version_id  TEXT,
    size        BIGINT NOT NULL,
    import_id   TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    adopted_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, bucket, object_key),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, import_id) REFERENCES imports (customer_id, id)
);

-- Which bytes of an adopted object these are: its owner may write others at the same place.
ALTER TABLE blobs ADD COLUMN pin_etag TEXT;
ALTER TABLE blobs ADD COLUMN pin_version TEXT;
