-- The answers kept for requests with an Idempotency-Key: a log of one day, written at its end and removed at its
-- beginning. No index beside it: keys are random, so an index would have a page of its own to write for nearly every
-- row. stored_responses.hpp says what finds them instead. No reference to the account either: accounts with an answer are
-- never deleted, and each deletion of another one would search this table.
CREATE TABLE kept_answers (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
  user BLOB NOT NULL CHECK (length(user) = 12),
  key BLOB NOT NULL CHECK (length(key) = 16),
  expires_at INTEGER NOT NULL,
  request BLOB NOT NULL CHECK (length(request) = 32),
  status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
  headers TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
