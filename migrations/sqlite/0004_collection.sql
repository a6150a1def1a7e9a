-- When a file was deleted, and when its bytes were let go: from then on it does not come back.
ALTER TABLE files ADD COLUMN deleted_at BIGINT;
ALTER TABLE files ADD COLUMN released_at BIGINT;
UPDATE files SET deleted_at = updated_at WHERE status = 'deleted';
CREATE INDEX files_deleted ON files (customer_id, deleted_at) WHERE status = 'deleted' AND released_at IS NULL;

-- Since when no file stands for these bytes, and when they were given up. The row of bytes that were
-- given up stays, since versions refer to it, under a content key that no upload has. Adopted bytes
-- lie where somebody else put them, and are never removed.
ALTER TABLE blobs ADD COLUMN unreferenced_at BIGINT;
ALTER TABLE blobs ADD COLUMN collected_at BIGINT;
ALTER TABLE blobs ADD COLUMN adopted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX blobs_unreferenced ON blobs (customer_id, unreferenced_at) WHERE unreferenced_at IS NOT NULL AND collected_at IS NULL;
CREATE INDEX versions_of_blob ON versions (customer_id, blob_id);

-- Objects that belong to nobody from `due_at` on. One that was claimed is being removed, and is
-- nobody's any more whatever happens.
CREATE TABLE garbage (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    object_key  TEXT NOT NULL,
    due_at      BIGINT NOT NULL,
    claimed_at  BIGINT
);
CREATE INDEX garbage_by_age ON garbage (customer_id, due_at);

-- Whether a share gives the newest version rather than the one that was confirmed.
ALTER TABLE shares ADD COLUMN follows BIGINT NOT NULL DEFAULT 0;
