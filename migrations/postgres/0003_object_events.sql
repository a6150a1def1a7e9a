-- What the store told of objects. Told late, twice and in any order, it ends in the same row.
CREATE TABLE object_events (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    object_key  TEXT COLLATE "C" NOT NULL,
    presence    TEXT COLLATE "C",
    sequencer   TEXT COLLATE "C",
    event_at    BIGINT,
    restored_at BIGINT,
    verdict     TEXT COLLATE "C",
    alarmed     BIGINT NOT NULL,
    noted_at    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, object_key)
);
CREATE INDEX object_events_by_age ON object_events (customer_id, noted_at);

-- An event names an object by its key.
CREATE INDEX blobs_by_object ON blobs (customer_id, object_key);
CREATE INDEX blobs_by_text ON blobs (customer_id, text_key);
CREATE INDEX uploads_by_object ON uploads (customer_id, object_key);

ALTER TABLE object_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON object_events USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
