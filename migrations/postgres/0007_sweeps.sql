-- From when on something of a customer may be due to be swept: 0 is at once, none is nothing. A sweep
-- looks at those who are due, and says then when the next thing is.
ALTER TABLE customers ADD COLUMN sweep_due BIGINT DEFAULT 0;
CREATE INDEX customers_to_sweep ON customers (sweep_due) WHERE sweep_due IS NOT NULL;
CREATE INDEX blobs_condemned ON blobs (customer_id, id) WHERE scan_status IN ('infected', 'suspicious') AND collected_at IS NULL;

-- How far each sweep has come, and which process has it until when. `turn` counts how often it was
-- taken: who had it before can do nothing with it any more.
CREATE TABLE sweeps (
    name         TEXT COLLATE "C" PRIMARY KEY,
    turn         BIGINT NOT NULL,
    position     TEXT COLLATE "C",
    leased_until BIGINT,
    due_at       BIGINT NOT NULL
);

-- Where bytes lay before, and where they came in: the store may tell of an object when its bytes are
-- elsewhere already.
CREATE TABLE object_places (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    object_key  TEXT COLLATE "C" NOT NULL,
    blob_id     TEXT COLLATE "C" NOT NULL,
    left_at     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, object_key),
    FOREIGN KEY (customer_id, blob_id) REFERENCES blobs (customer_id, id)
);
CREATE INDEX object_places_of_blob ON object_places (customer_id, blob_id);
CREATE INDEX object_places_by_age ON object_places (customer_id, left_at);

ALTER TABLE sweeps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house ON sweeps USING (current_setting('satchel.scope', true) = 'house')
    WITH CHECK (current_setting('satchel.scope', true) = 'house');
ALTER TABLE object_places ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON object_places USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
