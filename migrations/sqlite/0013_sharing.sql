-- How often a link may be opened; as often as wanted where there is none. Who took a share back.
ALTER TABLE links ADD COLUMN most_downloads BIGINT;
ALTER TABLE shares ADD COLUMN revoked_by TEXT;

-- Each time a link gave out its file: counted from one, in the transaction of the count in `links`.
CREATE TABLE openings (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    link_id     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL,
    -- The network it came from; the part of an address that says which device is cut off.
    network     TEXT,
    PRIMARY KEY (customer_id, link_id, number),
    FOREIGN KEY (customer_id, link_id) REFERENCES links (customer_id, id)
);
