-- Signed notes of how a chain stood: for so many records, this root. Never changed.
CREATE TABLE audit_checkpoints (
    chain TEXT COLLATE "C" NOT NULL,
    size  BIGINT NOT NULL,
    note  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (chain, size)
);

-- For how many records the last note speaks, from where the next goes on, and which note lies in the store.
ALTER TABLE audit_heads ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_heads ADD COLUMN sealed_hash TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE audit_heads ADD COLUMN sealed_tree TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE audit_heads ADD COLUMN anchored BIGINT NOT NULL DEFAULT 0;
CREATE INDEX audit_heads_to_seal ON audit_heads (chain) WHERE seq > sealed;
CREATE INDEX audit_heads_to_anchor ON audit_heads (chain) WHERE sealed > anchored;

ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_chain_read ON audit_checkpoints FOR SELECT USING (chain = current_setting('satchel.scope', true));
CREATE POLICY of_chain_grow ON audit_checkpoints FOR INSERT WITH CHECK (chain = current_setting('satchel.scope', true));
