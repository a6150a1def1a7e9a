-- Signed notes of how a chain stood: for so many records, this root. Never changed.
CREATE TABLE audit_checkpoints (
    chain TEXT NOT NULL,
    size  BIGINT NOT NULL,
    note  TEXT NOT NULL,
    PRIMARY KEY (chain, size)
);

-- For how many records the last note speaks, from where the next goes on, and which note lies in the store.
ALTER TABLE audit_heads ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_heads ADD COLUMN sealed_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_heads ADD COLUMN sealed_tree TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_heads ADD COLUMN anchored BIGINT NOT NULL DEFAULT 0;
CREATE INDEX audit_heads_to_seal ON audit_heads (chain) WHERE seq > sealed;
CREATE INDEX audit_heads_to_anchor ON audit_heads (chain) WHERE sealed > anchored;
