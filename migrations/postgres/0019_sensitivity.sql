-- What was found in the versions of files: by rule, masked, never as it stands there. `places` is JSON.
CREATE TABLE file_findings (
    customer_id TEXT COLLATE "C" NOT NULL,
    file_id     TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    rule        TEXT COLLATE "C" NOT NULL,
    count       BIGINT NOT NULL,
    places      TEXT COLLATE "C" NOT NULL,
    sample      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (customer_id, file_id, version, kind, rule),
    FOREIGN KEY (customer_id, file_id) REFERENCES files (customer_id, id)
);

-- What a customer looks for besides: `sought` is JSON of words or a pattern.
CREATE TABLE own_rules (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    name        TEXT COLLATE "C" NOT NULL,
    sought      TEXT COLLATE "C" NOT NULL,
    at_least    BIGINT NOT NULL,
    level       TEXT COLLATE "C" NOT NULL,
    set_by      TEXT COLLATE "C" NOT NULL,
    set_at      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, name)
);

-- From how many findings of a kind on a file is how sensitive, where a customer says so; without a row the usual holds.
CREATE TABLE level_rules (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind        TEXT COLLATE "C" NOT NULL,
    at_least    BIGINT NOT NULL,
    level       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (customer_id, kind, at_least)
);

-- How sensitive a file is: what holds, what was found, and what somebody said of a version. `findings` counts by kind, as JSON;
-- missing where nobody could look.
ALTER TABLE files ADD COLUMN level TEXT COLLATE "C" NOT NULL DEFAULT 'internal';
ALTER TABLE files ADD COLUMN level_found TEXT COLLATE "C" NOT NULL DEFAULT 'internal';
ALTER TABLE files ADD COLUMN level_said TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN level_said_version BIGINT;
ALTER TABLE files ADD COLUMN level_said_by TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN level_said_at BIGINT;
ALTER TABLE files ADD COLUMN level_said_reason TEXT COLLATE "C";
ALTER TABLE files ADD COLUMN findings TEXT COLLATE "C";

-- Row-level security would hide every row from whoever says for nobody.
ALTER TABLE files NO FORCE ROW LEVEL SECURITY;
-- A word of the customer's own that is no level becomes the strictest one, and stays as the reason: nothing gets out by an upgrade.
UPDATE files SET
    level_said = CASE WHEN classification IN ('public', 'internal', 'confidential', 'restricted') THEN classification ELSE 'restricted' END,
    level_said_version = version, level_said_by = 'system', level_said_at = updated_at,
    level_said_reason = 'it was classified as "' || classification || '"'
WHERE classification <> 'none';
UPDATE files SET level = level_said WHERE level_said IS NOT NULL;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
ALTER TABLE files DROP COLUMN classification;

DO $$
DECLARE
    of text;
BEGIN
    FOREACH of IN ARRAY ARRAY['file_findings', 'own_rules', 'level_rules'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', of);
        EXECUTE format('CREATE POLICY of_customer ON %I USING (customer_id = current_setting(''satchel.scope'', true)) '
                       'WITH CHECK (customer_id = current_setting(''satchel.scope'', true))', of);
    END LOOP;
END $$;
