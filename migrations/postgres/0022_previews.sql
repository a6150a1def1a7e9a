-- Pictures of what bytes look like lie under keys made of their blob: `made`, or `none` and why.
ALTER TABLE blobs ADD COLUMN preview TEXT COLLATE "C";
ALTER TABLE blobs ADD COLUMN preview_reason TEXT COLLATE "C";
