-- Instants are microseconds since 1970 UTC. Lists are JSON texts. Ids are TypeID texts.
-- Every table that holds a customer's rows has `customer_id`; every index on them begins with it.

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
CREATE INDEX people_by_customer ON people (customer_id, id);
CREATE INDEX people_by_phone ON people (customer_id, phone);

CREATE TABLE team_members (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    team_id     TEXT NOT NULL REFERENCES people (id),
    user_id     TEXT NOT NULL REFERENCES people (id),
    PRIMARY KEY (customer_id, team_id, user_id)
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
    UNIQUE (customer_id, external_id)
);

-- What a call listed, under its short handles. `listing` counts answers, `position` is the place in one.
CREATE TABLE call_handles (
    call_id     TEXT NOT NULL REFERENCES calls (id),
    customer_id TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    handle      BIGINT NOT NULL,
    file_id     TEXT NOT NULL,
    listing     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    PRIMARY KEY (call_id, epoch, handle)
);

-- The one action of a call that waits for a yes.
CREATE TABLE call_pending (
    call_id     TEXT PRIMARY KEY REFERENCES calls (id),
    customer_id TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    id          TEXT NOT NULL,
    payload     TEXT NOT NULL,
    batch       TEXT,
    failures    BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE TABLE idempotency (
    customer_id  TEXT NOT NULL,
    call_id      TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    answer       TEXT,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, key)
);

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
    blob_id           TEXT NOT NULL REFERENCES blobs (id),
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
    change_seq        BIGINT NOT NULL
);
CREATE UNIQUE INDEX files_by_change ON files (customer_id, change_seq);
CREATE INDEX files_by_customer ON files (customer_id, id);

CREATE TABLE versions (
    customer_id TEXT NOT NULL,
    file_id     TEXT NOT NULL REFERENCES files (id),
    number      BIGINT NOT NULL,
    blob_id     TEXT NOT NULL REFERENCES blobs (id),
    name        TEXT NOT NULL,
    added_by    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (file_id, number)
);

CREATE TABLE shares (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    file_id      TEXT NOT NULL REFERENCES files (id),
    version      BIGINT NOT NULL,
    recipient_id TEXT NOT NULL REFERENCES people (id),
    rights       TEXT NOT NULL,
    call_id      TEXT,
    created_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT
);
CREATE INDEX shares_of_file ON shares (customer_id, file_id);
CREATE INDEX shares_of_recipient ON shares (customer_id, recipient_id);

CREATE TABLE links (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    share_id    TEXT NOT NULL REFERENCES shares (id),
    slug_hash   TEXT NOT NULL UNIQUE,
    slug_sealed TEXT NOT NULL,
    downloads   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);
CREATE INDEX links_of_share ON links (customer_id, share_id);

CREATE TABLE codes (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    link_id     TEXT NOT NULL REFERENCES links (id),
    call_id     TEXT NOT NULL,
    code_hash   TEXT NOT NULL,
    sealed      TEXT NOT NULL,
    tries_left  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    voided_at   BIGINT
);
CREATE INDEX codes_of_link ON codes (link_id);

CREATE TABLE outbox (
    id           TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    recipient_id TEXT NOT NULL,
    channel      TEXT NOT NULL,
    address      TEXT NOT NULL,
    sealed_body  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT
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
    created_at   BIGINT NOT NULL
);
CREATE INDEX jobs_to_run ON jobs (state, run_at);

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
