-- By which categories of its own a customer sorts files: `sought` is JSON of words or a pattern.
CREATE TABLE own_topics (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name        TEXT NOT NULL,
    sought      TEXT NOT NULL,
    set_by      TEXT NOT NULL,
    set_at      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, name)
);

-- What people said files are, by what others may be like them: the name without digits and dates, and the sender.
CREATE TABLE topic_memories (
    customer_id TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    topic       TEXT NOT NULL,
    pattern     TEXT,
    sender      TEXT,
    said_at     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
CREATE INDEX topic_memories_pattern ON topic_memories (customer_id, pattern);
CREATE INDEX topic_memories_sender ON topic_memories (customer_id, sender);

-- Looking again through all files of a customer, by rules that changed: how far it is. `what` is findings or categories.
CREATE TABLE rereads (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    what        TEXT NOT NULL,
    asked_by    TEXT NOT NULL,
    asked_at    BIGINT NOT NULL,
    after_file  TEXT NOT NULL,
    looked_at   BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    ended_at    BIGINT,
    PRIMARY KEY (customer_id, what)
);

-- Which category a file has: what holds, what the rules say as JSON, and what somebody said.
ALTER TABLE files ADD COLUMN topic TEXT NOT NULL DEFAULT 'general';
ALTER TABLE files ADD COLUMN topic_found TEXT;
ALTER TABLE files ADD COLUMN topic_said TEXT;
ALTER TABLE files ADD COLUMN topic_said_by TEXT;
ALTER TABLE files ADD COLUMN topic_said_at BIGINT;
