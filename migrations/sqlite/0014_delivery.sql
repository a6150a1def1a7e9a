-- Where a message is, who has it in hand, and what ends it: `about` names the share or request it belongs to.
-- What was written before anything delivered it stays to be looked at (`kept`).
ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT 'kept';
ALTER TABLE outbox ADD COLUMN about TEXT;
ALTER TABLE outbox ADD COLUMN code_id TEXT;
ALTER TABLE outbox ADD COLUMN call_id TEXT;
ALTER TABLE outbox ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN run_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN leased_until BIGINT;
ALTER TABLE outbox ADD COLUMN last_error TEXT;
ALTER TABLE outbox ADD COLUMN receipt TEXT;
-- Workers serve all customers. What is settled, which is most, is in neither index.
CREATE INDEX outbox_due ON outbox (run_at, id) WHERE state = 'queued';
CREATE INDEX outbox_about ON outbox (customer_id, about) WHERE state = 'queued';
