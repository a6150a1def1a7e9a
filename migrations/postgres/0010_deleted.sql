-- Rows of files that were deleted before 0004 have no instant of it: row-level security hid them from
-- that migration, which said for nobody.
ALTER TABLE files NO FORCE ROW LEVEL SECURITY;
UPDATE files SET deleted_at = updated_at WHERE status = 'deleted' AND deleted_at IS NULL;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
