-- The same tables as on SQLite, in the same order, with the walls between customers below.
-- Texts sort by their bytes, as they do on SQLite, whatever the database's language is.
--
-- Instants are microseconds since 1970 UTC. Lists are JSON texts. Ids are TypeID texts.
-- Every table that holds a customer's rows has `customer_id`, and every index that serves a customer
-- begins with it. References between such rows are made of both columns: a row can only point to
-- rows of its own customer, whatever a query forgets.

CREATE TABLE customers (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    is_test     BIGINT NOT NULL,
    change_seq  BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);

CREATE TABLE people (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    name        TEXT COLLATE "C" NOT NULL,
    email       TEXT COLLATE "C",
    phone       TEXT COLLATE "C",
    roles       TEXT COLLATE "C" NOT NULL,
    detail      TEXT COLLATE "C",
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_by_customer ON people (customer_id, id);
CREATE INDEX people_by_phone ON people (customer_id, phone);

CREATE TABLE team_members (
    customer_id TEXT COLLATE "C" NOT NULL,
    team_id     TEXT COLLATE "C" NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (customer_id, team_id, user_id),
    FOREIGN KEY (customer_id, team_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, user_id) REFERENCES people (customer_id, id)
);
CREATE INDEX teams_of_user ON team_members (customer_id, user_id);

-- Operator keys have no customer.
CREATE TABLE api_keys (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" REFERENCES customers (id),
    secret_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    label       TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT,
    revoked_at  BIGINT
);
CREATE INDEX keys_by_customer ON api_keys (customer_id, id);

CREATE TABLE calls (
    id              TEXT COLLATE "C" PRIMARY KEY,
    customer_id     TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    external_id     TEXT COLLATE "C",
    token_hash      TEXT COLLATE "C" NOT NULL UNIQUE,
    caller_id       TEXT COLLATE "C",
    caller_number   TEXT COLLATE "C",
    epoch           BIGINT NOT NULL DEFAULT 0,
    verified_method TEXT COLLATE "C" NOT NULL,
    verified_level  BIGINT NOT NULL,
    permissions     TEXT COLLATE "C" NOT NULL,
    locale          TEXT COLLATE "C" NOT NULL,
    time_zone       TEXT COLLATE "C" NOT NULL,
    heard_kind      TEXT COLLATE "C",
    heard_text      TEXT COLLATE "C",
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
    call_id     TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL,
    epoch       BIGINT NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    payload     TEXT COLLATE "C" NOT NULL,
    batch       TEXT COLLATE "C",
    failures    BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);

CREATE TABLE idempotency (
    customer_id  TEXT COLLATE "C" NOT NULL,
    call_id      TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    request_hash TEXT COLLATE "C" NOT NULL,
    answer       TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, key),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);
CREATE INDEX idempotency_by_age ON idempotency (customer_id, created_at);

CREATE TABLE uploads (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    object_key  TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE blobs (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    content_key  TEXT COLLATE "C" NOT NULL,
    object_key   TEXT COLLATE "C" NOT NULL,
    text_key     TEXT COLLATE "C",
    size         BIGINT NOT NULL,
    checksum     TEXT COLLATE "C" NOT NULL,
    scan_status  TEXT COLLATE "C" NOT NULL,
    scan_engine  TEXT COLLATE "C",
    scan_findings TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    UNIQUE (customer_id, id),
    UNIQUE (customer_id, content_key)
);

CREATE TABLE files (
    id                TEXT COLLATE "C" PRIMARY KEY,
    customer_id       TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    owner_id          TEXT COLLATE "C",
    folder            TEXT COLLATE "C" NOT NULL,
    name              TEXT COLLATE "C" NOT NULL,
    -- What the sender said of it; it outranks what is read from the bytes.
    given             TEXT COLLATE "C" NOT NULL,
    title             TEXT COLLATE "C" NOT NULL,
    author            TEXT COLLATE "C",
    tags              TEXT COLLATE "C" NOT NULL,
    category          TEXT COLLATE "C" NOT NULL,
    created_date      TEXT COLLATE "C",
    content_type      TEXT COLLATE "C" NOT NULL,
    version           BIGINT NOT NULL,
    blob_id           TEXT COLLATE "C" NOT NULL,
    status            TEXT COLLATE "C" NOT NULL,
    extraction_status TEXT COLLATE "C" NOT NULL,
    extraction_reason TEXT COLLATE "C",
    excerpt           TEXT COLLATE "C",
    summary           TEXT COLLATE "C",
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
    customer_id TEXT COLLATE "C" NOT NULL,
    file_id     TEXT COLLATE "C" NOT NULL,
    number      BIGINT NOT NULL,
    blob_id     TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    added_by    TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id, number),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, blob_id) REFERENCES blobs (customer_id, id)
);

-- What a call listed, under its short handles. `listing` counts answers, `position` is the place in one.
CREATE TABLE call_handles (
    customer_id TEXT COLLATE "C" NOT NULL,
    call_id     TEXT COLLATE "C" NOT NULL,
    epoch       BIGINT NOT NULL,
    handle      BIGINT NOT NULL,
    file_id     TEXT COLLATE "C" NOT NULL,
    listing     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, handle),
    UNIQUE (customer_id, call_id, epoch, file_id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);

CREATE TABLE shares (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    file_id      TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL,
    recipient_id TEXT COLLATE "C" NOT NULL,
    rights       TEXT COLLATE "C" NOT NULL,
    call_id      TEXT COLLATE "C",
    created_by   TEXT COLLATE "C" NOT NULL,
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
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    share_id    TEXT COLLATE "C" NOT NULL,
    slug_hash   TEXT COLLATE "C" NOT NULL UNIQUE,
    slug_sealed TEXT COLLATE "C" NOT NULL,
    downloads   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    UNIQUE (customer_id, id),
    UNIQUE (customer_id, share_id),
    FOREIGN KEY (customer_id, share_id) REFERENCES shares (customer_id, id)
);

CREATE TABLE codes (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    link_id     TEXT COLLATE "C" NOT NULL,
    call_id     TEXT COLLATE "C" NOT NULL,
    code_hash   TEXT COLLATE "C" NOT NULL,
    sealed      TEXT COLLATE "C" NOT NULL,
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
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    recipient_id TEXT COLLATE "C" NOT NULL,
    channel      TEXT COLLATE "C" NOT NULL,
    address      TEXT COLLATE "C" NOT NULL,
    sealed_body  TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT,
    FOREIGN KEY (customer_id, recipient_id) REFERENCES people (customer_id, id)
);
CREATE INDEX outbox_by_customer ON outbox (customer_id, id);

CREATE TABLE jobs (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind         TEXT COLLATE "C" NOT NULL,
    file_id      TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    attempts     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    leased_until BIGINT,
    last_error   TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
-- Workers serve all customers. Finished jobs, which are most, are in neither index.
CREATE INDEX jobs_ready ON jobs (run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (leased_until, id) WHERE state = 'leased';
CREATE INDEX jobs_open ON jobs (customer_id) WHERE state IN ('ready', 'leased');

-- One hash chain per customer; `system` is the chain of refusals before a customer is known.
CREATE TABLE audit (
    chain    TEXT COLLATE "C" NOT NULL,
    seq      BIGINT NOT NULL,
    record   TEXT COLLATE "C" NOT NULL,
    hash     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE TABLE audit_heads (
    chain TEXT COLLATE "C" PRIMARY KEY,
    seq   BIGINT NOT NULL,
    hash  TEXT COLLATE "C" NOT NULL
);

-- The walls. A transaction says in `satchel.scope` whose rows it is for, as the first thing it does:
-- a customer's id; the name of a chain; the hash of a secret, which shows the one row that has it; or
-- `house`, for what serves all customers. No two of these look alike, and where nothing is said nothing is
-- seen. The policies hold for the owner of the tables as well (FORCE); the role of a server owns
-- nothing, is no superuser, and is given only what a verb does (`src/catalog/postgres/tables.rs`).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
    of text;
BEGIN
    -- Tables whose every row belongs to a customer and is seen by nobody else.
    FOREACH of IN ARRAY ARRAY['people', 'team_members', 'call_pending', 'idempotency', 'blobs', 'files', 'versions', 'call_handles',
                              'shares', 'codes', 'outbox', 'calls', 'links', 'uploads', 'jobs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of);
        EXECUTE format('CREATE POLICY of_customer ON %I USING (customer_id = current_setting(''satchel.scope'', true)) '
                       'WITH CHECK (customer_id = current_setting(''satchel.scope'', true))', of);
    END LOOP;
    FOREACH of IN ARRAY ARRAY['customers', 'api_keys', 'audit', 'audit_heads'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of);
    END LOOP;
END $$;

CREATE POLICY of_customer ON customers USING (id = current_setting('satchel.scope', true))
    WITH CHECK (id = current_setting('satchel.scope', true));
CREATE POLICY of_customer ON api_keys USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
-- Whoever writes for the system chain makes the operator's keys.
CREATE POLICY of_operator ON api_keys USING (customer_id IS NULL AND current_setting('satchel.scope', true) = 'system')
    WITH CHECK (customer_id IS NULL AND current_setting('satchel.scope', true) = 'system');
-- A record is read and added, by its own chain; a head goes on, and only the probe's is taken away.
CREATE POLICY of_chain_read ON audit FOR SELECT USING (chain = current_setting('satchel.scope', true));
CREATE POLICY of_chain_grow ON audit FOR INSERT WITH CHECK (chain = current_setting('satchel.scope', true));
CREATE POLICY of_chain_read ON audit_heads FOR SELECT USING (chain = current_setting('satchel.scope', true));
CREATE POLICY of_chain_begin ON audit_heads FOR INSERT WITH CHECK (chain = current_setting('satchel.scope', true));
CREATE POLICY of_chain_grow ON audit_heads FOR UPDATE USING (chain = current_setting('satchel.scope', true))
    WITH CHECK (chain = current_setting('satchel.scope', true));
CREATE POLICY of_probe ON audit_heads FOR DELETE USING (chain = 'probe' AND chain = current_setting('satchel.scope', true));

-- A secret's hash shows the row that has it, to be read.
CREATE POLICY of_secret ON api_keys FOR SELECT USING (secret_hash = current_setting('satchel.scope', true));
CREATE POLICY of_secret ON calls FOR SELECT USING (token_hash = current_setting('satchel.scope', true));
CREATE POLICY of_secret ON links FOR SELECT USING (slug_hash = current_setting('satchel.scope', true));

-- What serves all customers: who they are, which chains there are, uploads to sweep, and jobs to lease.
CREATE POLICY of_house ON customers FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house ON audit_heads FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house ON uploads FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house ON jobs FOR SELECT USING (current_setting('satchel.scope', true) = 'house');
CREATE POLICY of_house_lease ON jobs FOR UPDATE USING (current_setting('satchel.scope', true) = 'house')
    WITH CHECK (current_setting('satchel.scope', true) = 'house');
