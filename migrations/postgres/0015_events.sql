-- What calls are told of while they run. An event with a user is for every living call of that user; one with a
-- call alone is for that call. Numbers of a customer are never given twice, so that a listener goes on where it was.
ALTER TABLE customers ADD COLUMN event_seq BIGINT NOT NULL DEFAULT 0;
-- What happened before the present caller took the line is not for them.
ALTER TABLE calls ADD COLUMN events_after BIGINT NOT NULL DEFAULT 0;
CREATE TABLE events (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    seq         BIGINT NOT NULL,
    call_id     TEXT COLLATE "C",
    user_id     TEXT COLLATE "C",
    kind        TEXT COLLATE "C" NOT NULL,
    data        TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, seq),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id),
    FOREIGN KEY (customer_id, user_id) REFERENCES people (customer_id, id)
);
CREATE INDEX events_by_age ON events (customer_id, created_at);

-- Links under which somebody may send files to a user. The slug itself is stored sealed only.
CREATE TABLE upload_links (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    slug_hash   TEXT COLLATE "C" NOT NULL UNIQUE,
    slug_sealed TEXT COLLATE "C" NOT NULL,
    -- Who asked, and gets what arrives; in which call, and as which of its callers.
    asked_by    TEXT COLLATE "C" NOT NULL,
    call_id     TEXT COLLATE "C",
    epoch       BIGINT NOT NULL,
    -- Who is to send; nobody named when it is the caller.
    sender_id   TEXT COLLATE "C",
    folder      TEXT COLLATE "C" NOT NULL,
    what        TEXT COLLATE "C",
    most_files  BIGINT NOT NULL,
    most_bytes  BIGINT NOT NULL,
    files       BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    revoked_at  BIGINT,
    UNIQUE (customer_id, id),
    FOREIGN KEY (customer_id, asked_by) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, sender_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id)
);
CREATE INDEX upload_links_of_user ON upload_links (customer_id, asked_by, id);
CREATE INDEX upload_links_by_age ON upload_links (customer_id, expires_at);

-- Who is told what becomes of a version of a file: whoever sent it in a call, or asked for it.
CREATE TABLE arrivals (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    file_id     TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    call_id     TEXT COLLATE "C",
    epoch       BIGINT NOT NULL,
    user_id     TEXT COLLATE "C",
    link_id     TEXT COLLATE "C",
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id, version),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id),
    FOREIGN KEY (customer_id, user_id) REFERENCES people (customer_id, id),
    FOREIGN KEY (customer_id, link_id) REFERENCES upload_links (customer_id, id)
);
CREATE INDEX arrivals_of_link ON arrivals (customer_id, link_id, file_id) WHERE link_id IS NOT NULL;
CREATE INDEX arrivals_by_age ON arrivals (customer_id, created_at);

ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON events USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
ALTER TABLE upload_links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON upload_links USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
CREATE POLICY of_secret ON upload_links FOR SELECT USING (slug_hash = current_setting('satchel.scope', true));
ALTER TABLE arrivals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_customer ON arrivals USING (customer_id = current_setting('satchel.scope', true))
    WITH CHECK (customer_id = current_setting('satchel.scope', true));
