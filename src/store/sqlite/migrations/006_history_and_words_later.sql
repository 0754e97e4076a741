-- A change of a product holds what it replaced, as JSON. What it made is what the next change replaced, or the product
-- itself where there is no next one: a product that is created is written once, not twice. `after` is left to changes of
-- accounts and sessions, and to those that an older program or a move wrote.
--
-- Each = instead of one IN: of more than two values SQLite makes a temporary table, at every insert.
CREATE TABLE new_changes (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'product' OR kind = 'session' OR kind = 'user'),
  record BLOB NOT NULL CHECK (length(record) = 12),
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
INSERT INTO new_changes (number, at, kind, record, revision, op, actor, proof, reason, reference, after)
SELECT number, at, kind, record, revision, op, actor, proof, reason, reference, after FROM changes ORDER BY number;
DROP TABLE changes;
ALTER TABLE new_changes RENAME TO changes;
CREATE UNIQUE INDEX changes_of_record ON changes (record, revision, kind);

-- Beginnings of up to four characters instead of six: longer ones have so few words that these are gathered as quickly,
-- and each length is one index more to write. The index is filled when the database is opened.
DROP TABLE product_words;
CREATE VIRTUAL TABLE product_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii', prefix='1 2 3 4');
-- Bytes that are collected before a segment is written: the words of the products that are indexed together fit.
INSERT INTO product_words (product_words, rank) VALUES ('hashsize', 16777216);

-- Products that were created after the change `through` are not in the index of words yet, whatever became of them since.
DELETE FROM word_index;
ALTER TABLE word_index ADD COLUMN through INTEGER NOT NULL DEFAULT 0;
