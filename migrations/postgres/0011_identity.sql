-- A key's secret is changed while programs still have the one before, which opens the same for a while.
ALTER TABLE api_keys ADD COLUMN rotated_at BIGINT;
ALTER TABLE api_keys ADD COLUMN previous_hash TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN previous_until BIGINT;
-- To the minute: no request writes because of it but the first of a minute.
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
CREATE UNIQUE INDEX keys_by_previous ON api_keys (previous_hash);

-- Calls that may be on the line now.
CREATE INDEX calls_open ON calls (customer_id, expires_at) WHERE ended_at IS NULL;
-- A user whom an issuer of tokens knows by mail.
CREATE INDEX people_by_mail ON people (customer_id, LOWER(email));

-- Either secret shows its key.
DROP POLICY of_secret ON api_keys;
CREATE POLICY of_secret ON api_keys FOR SELECT
    USING (secret_hash = current_setting('satchel.scope', true) OR previous_hash = current_setting('satchel.scope', true));
