-- What became of a message, and what ends it: `about` names the share or request it belongs to.
-- What was written before anything delivered it stays to be looked at (`kept`).
ALTER TABLE outbox ADD COLUMN state TEXT COLLATE "C" NOT NULL DEFAULT 'kept';
ALTER TABLE outbox ADD COLUMN about TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN code_id TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN call_id TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN last_error TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN receipt TEXT COLLATE "C";
DROP INDEX outbox_by_customer;
CREATE UNIQUE INDEX outbox_by_customer ON outbox (customer_id, id);
CREATE INDEX outbox_about ON outbox (customer_id, about) WHERE state = 'queued';

-- Messages that are to be sent, without what they say and to whom: workers serve all customers. A row goes
-- when its message is settled.
CREATE TABLE deliveries (
    message_id   TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    channel      TEXT COLLATE "C" NOT NULL,
    attempts     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    leased_until BIGINT,
    expires_at   BIGINT NOT NULL,
    FOREIGN KEY (customer_id, message_id) REFERENCES outbox (customer_id, id)
);
CREATE INDEX deliveries_due ON deliveries (run_at, message_id);

ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON deliveries USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
CREATE POLICY of_house ON deliveries FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house_lease ON deliveries FOR UPDATE USING (current_setting('satchel.scope', true) = 'house')
    WITH CHECK (current_setting('satchel.scope', true) = 'house');
