-- How much each customer has, and may have: files that are not deleted, and the bytes of all their versions,
-- each counted whole, so that nobody learns from the count which bytes were there already.
ALTER TABLE customers ADD COLUMN files_held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customers ADD COLUMN bytes_held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customers ADD COLUMN most_files BIGINT;
ALTER TABLE customers ADD COLUMN most_bytes BIGINT;
UPDATE customers SET
    files_held = (SELECT COUNT(*) FROM files f WHERE f.customer_id = customers.id AND f.status <> 'deleted'),
    bytes_held = (SELECT COALESCE(SUM(b.size), 0) FROM files f
                  JOIN versions v ON v.customer_id = f.customer_id AND v.file_id = f.id
                  JOIN blobs b ON b.customer_id = v.customer_id AND b.id = v.blob_id
                  WHERE f.customer_id = customers.id AND f.status <> 'deleted');
