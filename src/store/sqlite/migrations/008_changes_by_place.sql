-- Changes of a product are found by its place. New places come at the end of their index; an index of random ids had a
-- page of its own to write for nearly every new product.
--
-- The places of deleted products. Those that were deleted before they had one here: less than 0, of their first change.
CREATE TABLE deleted_products (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  place INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO deleted_products (id, place)
SELECT record, -min(number) FROM changes
WHERE kind = 'product' AND record NOT IN (SELECT id FROM products) GROUP BY record;

CREATE TABLE new_changes (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'product' OR kind = 'session' OR kind = 'user'),
  record BLOB NOT NULL CHECK (length(record) = 12),
  product INTEGER CHECK ((product IS NULL) = (kind <> 'product')),  -- its place
  revision INTEGER NOT NULL CHECK (revision >= 1),
  op TEXT NOT NULL CHECK (op <> ''),
  actor BLOB CHECK (length(actor) = 12),
  proof TEXT NOT NULL
    CHECK (proof = 'otp' OR proof = 'recovery' OR proof = 'password' OR proof = 'host' OR proof = 'none'),
  reason TEXT,
  reference TEXT,
  after TEXT CHECK (after <> ''),
  before TEXT CHECK (before IS NULL OR (before <> '' AND kind = 'product'))
) STRICT;
INSERT INTO new_changes (number, at, kind, record, product, revision, op, actor, proof, reason, reference, after, before)
SELECT number, at, kind, record,
       CASE kind WHEN 'product' THEN coalesce((SELECT place FROM products WHERE id = record),
                                              (SELECT place FROM deleted_products WHERE id = record)) END,
       revision, op, actor, proof, reason, reference, after, before
FROM changes ORDER BY number;
DROP TABLE changes;
ALTER TABLE new_changes RENAME TO changes;
CREATE UNIQUE INDEX changes_of_product ON changes (product, revision) WHERE product IS NOT NULL;
CREATE UNIQUE INDEX changes_of_record ON changes (record, revision, kind) WHERE product IS NULL;
