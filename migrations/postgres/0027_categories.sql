-- By which categories of its own a customer sorts files: `sought` is JSON of words or a pattern.
CREATE TABLE own_topics (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    name        TEXT COLLATE "C" NOT NULL,
    sought      TEXT COLLATE "C" NOT NULL,
    set_by      TEXT COLLATE "C" NOT NULL,
    set_at      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, name)
);

-- What people said files are, by what others may be like them: the name without digits and dates, and the sender.
CREATE TABLE topic_memories (
    customer_id TEXT COLLATE "C" NOT NULL,
    file_id     TEXT COLLATE "C" NOT NULL,
    topic       TEXT COLLATE "C" NOT NULL,
    pattern     TEXT COLLATE "C",
    sender      TEXT COLLATE "C",
    said_at     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
CREATE INDEX topic_memories_pattern ON topic_memories (customer_id, pattern);
CREATE INDEX topic_memories_sender ON topic_memories (customer_id, sender);

-- Looking again through all files of a customer, by rules that changed: how far it is. `what` is findings or categories.
CREATE TABLE rereads (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    what        TEXT COLLATE "C" NOT NULL,
    asked_by    TEXT COLLATE "C" NOT NULL,
    asked_at    BIGINT NOT NULL,
    after_file  TEXT COLLATE "C" NOT NULL,
    looked_at   BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    ended_at    BIGINT,
    PRIMARY KEY (customer_id, what)
);

-- Which category a file has: what holds, what the rules say as JSON, and what somebody said.
ALTER TABLE files ADD COLUMN topic TEXT COLLATE "C" NOT NULL DEFAULT 'general';
ALTER TABLE files ADD COLUMN topic_found TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN topic_said TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN topic_said_by TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN topic_said_at BIGINT;

DO $$
DECLARE
    of text;
BEGIN
    FOREACH of IN ARRAY ARRAY['own_topics', 'topic_memories', 'rereads'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of);
        EXECUTE format('CREATE POLICY of_customer ON %I USING (customer_id = current_setting(''satchel.scope'', true)) '
                       'WITH CHECK (customer_id = current_setting(''satchel.scope'', true))', of);
    END LOOP;
END $$;
