-- What this database belongs to: servers that have one secret, by a hash of it. A server with another
-- could read none of the sealed texts, and would make codes that the others do not know.
CREATE TABLE installation (
    id          BIGINT PRIMARY KEY,
    secret_mark TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
