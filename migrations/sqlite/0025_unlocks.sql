-- Passwords that are being tried, sealed and only for as long as that takes; and where text lies, or will lie, that was behind one. It is
-- of the file for which the password was given, not of every file of the same bytes.
CREATE TABLE unlocks (
    customer_id TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    password    TEXT,
    text_key    TEXT NOT NULL,
    asked_at    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, file_id, version),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);
CREATE INDEX unlocks_by_text ON unlocks (customer_id, text_key);

-- What came of the last password: `trying`, `wrong`, `opened`, `failed`.
ALTER TABLE files ADD COLUMN unlock TEXT;
-- Harm that was found behind a password of these bytes: the verdict, and JSON of what matched. Whoever scans them again
-- without the password does not see it.
ALTER TABLE blobs ADD COLUMN inside TEXT;
ALTER TABLE blobs ADD COLUMN inside_findings TEXT;
