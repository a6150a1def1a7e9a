-- Nothing hides rows here; what 0004 says was done.
UPDATE files SET deleted_at = updated_at WHERE status = 'deleted' AND deleted_at IS NULL;
