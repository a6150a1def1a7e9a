-- Why a file is held, who placed the hold and when; nothing of it where `hold` is 0.
ALTER TABLE files ADD COLUMN hold_reason TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN held_by TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN held_at BIGINT;
CREATE INDEX files_held ON files (customer_id, id) WHERE hold <> 0;

-- Runs over objects that are adopted where they lie, and how far each is.
CREATE TABLE imports (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    bucket       TEXT COLLATE "C" NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    folder       TEXT COLLATE "C" NOT NULL,
    begun_by     TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    last_key     TEXT COLLATE "C",
    adopted      BIGINT NOT NULL DEFAULT 0,
    known        BIGINT NOT NULL DEFAULT 0,
    changed      BIGINT NOT NULL DEFAULT 0,
    refused      BIGINT NOT NULL DEFAULT 0,
    vanished     BIGINT NOT NULL DEFAULT 0,
    deleted      BIGINT NOT NULL DEFAULT 0,
    error        TEXT COLLATE "C",
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
    customer_id TEXT COLLATE "C" NOT NULL,
    import_id   TEXT COLLATE "C" NOT NULL,
    object_key  TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C",
    PRIMARY KEY (customer_id, import_id, object_key),
    FOREIGN KEY (customer_id, import_id) REFERENCES imports (customer_id, id)
);

-- Objects that stand for a file, with the bytes that were adopted last and the run that saw them last.
CREATE TABLE adopted_objects (
    customer_id TEXT COLLATE "C" NOT NULL,
    bucket      TEXT COLLATE "C" NOT NULL,
    object_key  TEXT COLLATE "C" NOT NULL,
    file_id     TEXT COLLATE "C" NOT NULL,
    etag        TEXT COLLATE "C" NOT NULL,
    version_id  TEXT COLLATE "C",
    size        BIGINT NOT NULL,
    import_id   TEXT COLLATE "C" NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    adopted_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, bucket, object_key),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, import_id) REFERENCES imports (customer_id, id)
);

-- Which bytes of an adopted object these are: its owner may write others at the same place.
ALTER TABLE blobs ADD COLUMN pin_etag TEXT COLLATE "C";
ALTER TABLE blobs ADD COLUMN pin_version TEXT COLLATE "C";

DO $$
DECLARE
    of text;
BEGIN
    FOREACH of IN ARRAY ARRAY['imports', 'import_notes', 'adopted_objects'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of);
        EXECUTE format('CREATE POLICY of_customer ON %I USING (customer_id = current_setting(''satchel.scope'', true)) '
                       'WITH CHECK (customer_id = current_setting(''satchel.scope'', true))', of);
    END LOOP;
END $$;
-- Workers serve all customers.
CREATE POLICY of_house ON imports FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house_lease ON imports FOR UPDATE USING (current_setting('satchel.scope', true) = 'house')
    WITH CHECK (current_setting('satchel.scope', true) = 'house');
