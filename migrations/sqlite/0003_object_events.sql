-- What the store told of objects. Told late, twice and in any order, it ends in the same row.
CREATE TABLE object_events (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    object_key  TEXT NOT NULL,
    presence    TEXT,
    sequencer   TEXT,
    event_at    BIGINT,
    restored_at BIGINT,
    verdict     TEXT,
    alarmed     BIGINT NOT NULL,
    noted_at    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, object_key)
);
CREATE INDEX object_events_by_age ON object_events (customer_id, noted_at);

-- An event names an object by its key.
CREATE INDEX blobs_by_object ON blobs (customer_id, object_key);
CREATE INDEX blobs_by_text ON blobs (customer_id, text_key);
CREATE INDEX uploads_by_object ON uploads (customer_id, object_key);
