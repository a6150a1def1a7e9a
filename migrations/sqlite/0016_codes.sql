-- Whether the platform of a call has ever told what its caller said: then silence means that nobody answered.
ALTER TABLE calls ADD COLUMN speech_reported BIGINT NOT NULL DEFAULT 0;
-- When what was heard last was used up as a code: it is tried once, and answers no question.
ALTER TABLE calls ADD COLUMN heard_tried_at BIGINT;

-- What a yes needs beside the model's word, and when another question was put while this one waited: a yes
-- that came after it may be a yes to that.
ALTER TABLE call_pending ADD COLUMN evidence TEXT NOT NULL DEFAULT 'model_word';
ALTER TABLE call_pending ADD COLUMN other_asked_at BIGINT;

-- A code that is keyed on a call instead of at a link is for calls from one number.
ALTER TABLE codes ADD COLUMN caller_number TEXT;
DROP INDEX codes_living;
-- Two living codes of one way would be twice the tries.
CREATE UNIQUE INDEX codes_living ON codes (customer_id, link_id) WHERE voided_at IS NULL AND caller_number IS NULL;
CREATE UNIQUE INDEX codes_living_on_calls ON codes (customer_id, link_id) WHERE voided_at IS NULL AND caller_number IS NOT NULL;
CREATE INDEX codes_of_caller ON codes (customer_id, caller_number) WHERE voided_at IS NULL AND caller_number IS NOT NULL;

-- What a code has opened to the caller of a call, for as long as that caller is on the line.
CREATE TABLE call_grants (
    customer_id TEXT NOT NULL,
    call_id     TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    share_id    TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, call_id, epoch, share_id),
    FOREIGN KEY (customer_id, call_id) REFERENCES calls (customer_id, id),
    FOREIGN KEY (customer_id, share_id) REFERENCES shares (customer_id, id),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);

-- Wrong codes in coarse windows, so that every server sees what the others count. `scope` is `all`, or a keyed
-- hash of a network or a caller. The rows of no customer count for the house.
CREATE TABLE code_failures (
    customer_id TEXT NOT NULL,
    scope       TEXT NOT NULL,
    began_at    BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    PRIMARY KEY (customer_id, scope)
);
