-- What this database belongs to: servers that have one secret, by a hash of it. A server with another
-- could read none of the sealed texts, and would make codes that the others do not know.
CREATE TABLE installation (
    id          BIGINT PRIMARY KEY,
    secret_mark TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL
);

ALTER TABLE installation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_house_read ON installation FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house_begin ON installation FOR INSERT WITH CHECK (current_setting('satchel.scope', true) = 'house');
