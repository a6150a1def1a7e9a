-- What a version says of itself beside its text, as JSON, and the language of its text (BCP 47).
ALTER TABLE files ADD COLUMN language TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN facts TEXT COLLATE "C";
