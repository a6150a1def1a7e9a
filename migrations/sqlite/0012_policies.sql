-- Sets of a customer's own policies. A set never changes; `activated_at` is when it last came into force.
CREATE TABLE policy_sets (
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    number       BIGINT NOT NULL,
    texts        TEXT NOT NULL,
    note         TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    activated_at BIGINT,
    PRIMARY KEY (customer_id, number)
);

-- The set in force; 0 stands for the built-in policies alone.
ALTER TABLE customers ADD COLUMN policy_set BIGINT NOT NULL DEFAULT 0;

-- Since when somebody is as unknown as a stranger.
ALTER TABLE people ADD COLUMN deactivated_at BIGINT;

-- What is in a file, in the customer's own words.
ALTER TABLE files ADD COLUMN classification TEXT NOT NULL DEFAULT 'none';

-- Standing rights of users and teams on one file, or on all that lies in a folder.
CREATE TABLE grants (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    file_id     TEXT,
    folder      TEXT,
    grantee_id  TEXT NOT NULL,
    level       TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT,
    ended_at    BIGINT,
    UNIQUE (customer_id, id),
    CHECK ((file_id IS NULL) <> (folder IS NULL)),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, grantee_id) REFERENCES people (customer_id, id)
);
-- Somebody has one right on one thing.
CREATE UNIQUE INDEX grants_of_file ON grants (customer_id, file_id, grantee_id) WHERE ended_at IS NULL AND file_id IS NOT NULL;
CREATE UNIQUE INDEX grants_of_folder ON grants (customer_id, folder, grantee_id) WHERE ended_at IS NULL AND folder IS NOT NULL;
CREATE INDEX grants_of_grantee ON grants (customer_id, grantee_id, id) WHERE ended_at IS NULL;
