-- Why a file is held, who placed the hold and when; nothing of it where `hold` is 0.
ALTER TABLE files ADD COLUMN hold_reason TEXT;
ALTER TABLE files ADD COLUMN held_by TEXT;
ALTER TABLE files ADD COLUMN held_at BIGINT;
CREATE INDEX files_held ON files (customer_id, id) WHERE hold <> 0;
