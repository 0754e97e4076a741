-- Which keys the rows were made with: the keys themselves are never in the database.
CREATE TABLE key_fingerprints (
  key TEXT PRIMARY KEY NOT NULL,
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32)
) STRICT, WITHOUT ROWID;
