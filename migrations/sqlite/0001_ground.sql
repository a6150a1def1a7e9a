-- Instants are microseconds since 1970 UTC. Lists are JSON texts. Ids are TypeID texts.
-- Every table that holds a customer's rows has `customer_id`, and every index that serves a customer
-- begins with it. References between such rows are made of both columns: a row can only point to
-- rows of its own customer, whatever a query forgets.

CREATE TABLE customers (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    is_test     BIGINT NOT NULL,
    change_seq  BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);

CREATE TABLE people (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name        TEXT NOT NULL,
    email       TEXT,
    phone       TEXT,
    roles       TEXT NOT NULL,
    detail      TEXT,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_by_customer ON people (customer_id, id);
CREATE INDEX people_by_phone ON people (customer_id, phone);

CREATE TABLE team_members (
    customer_id TEXT NOT NULL,
    team_id     TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    PRIMARY KEY (customer_id, team_id, user_id),
    FOREIGN KEY (customer_id, team_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, user_id) REFERENCES people (customer_id, id)
);
CREATE INDEX teams_of_user ON team_members (customer_id, user_id);

-- Operator keys have no customer.
CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,
    customer_id TEXT REFERENCES customers (id),
    secret_hash TEXT NOT NULL UNIQUE,
    label       TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT,
    revoked_at  BIGINT
);
CREATE INDEX keys_by_customer ON api_keys (customer_id, id);

CREATE TABLE calls (
    id              TEXT PRIMARY KEY,
    customer_id     TEXT NOT NULL REFERENCES customers (id),
    external_id     TEXT,
    token_hash      TEXT NOT NULL UNIQUE,
    caller_id       TEXT,
    caller_number   TEXT,
    epoch           BIGINT NOT NULL DEFAULT 0,
    verified_method TEXT NOT NULL,
    verified_level  BIGINT NOT NULL,
    permissions     TEXT NOT NULL,
    locale          TEXT NOT NULL,
    time_zone       TEXT NOT NULL,
    heard_kind      TEXT,
    heard_text      TEXT,
    heard_at        BIGINT,
    untrusted_at    BIGINT,
    listing         BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    UNIQUE (customer_id, id),
    UNIQUE (customer_id, external_id),
    FOREIGN KEY (customer_id, caller_id) REFERENCES people (customer_id, id)
);

-- The one action of a call that waits for a yes.
CREATE TABLE call_pending (
    call_id     TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    id          TEXT NOT NULL,
    payload     TEXT NOT NULL,
    batch       TEXT,
    failures    BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);

CREATE TABLE idempotency (
    customer_id  TEXT NOT NULL,
    call_id      TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    answer       TEXT,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, key),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);
CREATE INDEX idempotency_by_age ON idempotency (customer_id, created_at);

CREATE TABLE uploads (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    object_key  TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE blobs (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    content_key  TEXT NOT NULL,
    object_key   TEXT NOT NULL,
    text_key     TEXT,
    size         BIGINT NOT NULL,
    checksum     TEXT NOT NULL,
    scan_status  TEXT NOT NULL,
    scan_engine  TEXT,
    scan_findings TEXT,
    created_at   BIGINT NOT NULL,
    UNIQUE (customer_id, id),
    UNIQUE (customer_id, content_key)
);

CREATE TABLE files (
    id                TEXT PRIMARY KEY,
    customer_id       TEXT NOT NULL REFERENCES customers (id),
    owner_id          TEXT,
    folder            TEXT NOT NULL,
    name              TEXT NOT NULL,
    -- What the sender said of it; it outranks what is read from the bytes.
    given             TEXT NOT NULL,
    title             TEXT NOT NULL,
    author            TEXT,
    tags              TEXT NOT NULL,
    category          TEXT NOT NULL,
    created_date      TEXT,
    content_type      TEXT NOT NULL,
    version           BIGINT NOT NULL,
    blob_id           TEXT NOT NULL,
    status            TEXT NOT NULL,
    extraction_status TEXT NOT NULL,
    extraction_reason TEXT,
    excerpt           TEXT,
    summary           TEXT,
    page_count        BIGINT,
    duration_ms       BIGINT,
    added_at          BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    last_accessed     BIGINT,
    hold              BIGINT NOT NULL DEFAULT 0,
    retention_until   BIGINT,
    change_seq        BIGINT NOT NULL,
    FOREIGN KEY (customer_id, owner_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, blob_id) REFERENCES blobs (customer_id, id)
);
CREATE UNIQUE INDEX files_by_customer ON files (customer_id, id);
CREATE UNIQUE INDEX files_by_change ON files (customer_id, change_seq);
CREATE INDEX files_of_blob ON files (customer_id, blob_id);

CREATE TABLE versions (
    customer_id TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    blob_id     TEXT NOT NULL,
    name        TEXT NOT NULL,
    added_by    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id, number),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, blob_id) REFERENCES blobs (customer_id, id)
);

-- What a call listed, under its short handles. `listing` counts answers, `position` is the place in one.
CREATE TABLE call_handles (
    customer_id TEXT NOT NULL,
    call_id     TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    handle      BIGINT NOT NULL,
    file_id     TEXT NOT NULL,
    listing     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, handle),
    UNIQUE (customer_id, call_id, epoch, file_id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);

CREATE TABLE shares (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    file_id      TEXT NOT NULL,
    version      BIGINT NOT NULL,
    recipient_id TEXT NOT NULL,
    rights       TEXT NOT NULL,
    call_id      TEXT,
    created_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT,
    UNIQUE (customer_id, id),
    FOREIGN KEY (customer_id, file_id, version) REFERENCES versions (customer_id, file_id, number),
    FOREIGN KEY (customer_id, recipient_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);
CREATE INDEX shares_of_file ON shares (customer_id, file_id, id);
CREATE INDEX shares_of_recipient ON shares (customer_id, recipient_id, id);
CREATE INDEX shares_of_call ON shares (customer_id, call_id, id);

CREATE TABLE links (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    share_id    TEXT NOT NULL,
    slug_hash   TEXT NOT NULL UNIQUE,
    slug_sealed TEXT NOT NULL,
    downloads   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    UNIQUE (customer_id, id),
    UNIQUE (customer_id, share_id),
    FOREIGN KEY (customer_id, share_id) REFERENCES shares (customer_id, id)
);

CREATE TABLE codes (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    link_id     TEXT NOT NULL,
    call_id     TEXT NOT NULL,
    code_hash   TEXT NOT NULL,
    sealed      TEXT NOT NULL,
    tries_left  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    voided_at   BIGINT,
    FOREIGN KEY (customer_id, link_id) REFERENCES links (customer_id, id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);
-- Two living codes of one link would be twice the tries.
CREATE UNIQUE INDEX codes_living ON codes (customer_id, link_id) WHERE voided_at IS NULL;
CREATE INDEX codes_of_call ON codes (customer_id, call_id);

CREATE TABLE outbox (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    recipient_id TEXT NOT NULL,
    channel      TEXT NOT NULL,
    address      TEXT NOT NULL,
    sealed_body  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT,
    FOREIGN KEY (customer_id, recipient_id) REFERENCES people (customer_id, id)
);
CREATE INDEX outbox_by_customer ON outbox (customer_id, id);

CREATE TABLE jobs (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    kind         TEXT NOT NULL,
    file_id      TEXT NOT NULL,
    version      BIGINT NOT NULL,
    state        TEXT NOT NULL,
    attempts     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    leased_until BIGINT,
    last_error   TEXT,
    created_at   BIGINT NOT NULL,
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
-- Workers serve all customers. Finished jobs, which are most, are in neither index.
CREATE INDEX jobs_ready ON jobs (run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (leased_until, id) WHERE state = 'leased';
CREATE INDEX jobs_open ON jobs (customer_id) WHERE state IN ('ready', 'leased');

-- One hash chain per customer; `system` is the chain of refusals before a customer is known.
CREATE TABLE audit (
    chain    TEXT NOT NULL,
    seq      BIGINT NOT NULL,
    record   TEXT NOT NULL,
    hash     TEXT NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE TABLE audit_heads (
    chain TEXT PRIMARY KEY,
    seq   BIGINT NOT NULL,
    hash  TEXT NOT NULL
);
