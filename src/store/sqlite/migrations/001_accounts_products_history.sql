-- Constraints here make wrong rows impossible whatever the code does. Times are milliseconds since 1970 UTC.
PRAGMA application_id = 0x496e7467;  -- "Intg", for file(1)

CREATE TABLE users (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  username TEXT NOT NULL CHECK (length(username) BETWEEN 3 AND 64),
  -- lower() folds ASCII, which is all that a username may have.
  username_key TEXT NOT NULL AS (lower(username)) STORED UNIQUE,
  name TEXT CHECK (length(name) BETWEEN 1 AND 100),
  password_hash TEXT NOT NULL CHECK (password_hash <> ''),
  password_version INTEGER NOT NULL CHECK (password_version >= 1),
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'disabled')),
  totp_secret BLOB CHECK (length(totp_secret) > 0),
  totp_confirmed_at INTEGER,
  enrol_until INTEGER,
  pending_until INTEGER,
  pending_network TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (totp_confirmed_at IS NULL OR (totp_secret IS NOT NULL AND state <> 'pending')),
  CHECK ((pending_until IS NOT NULL) = (state = 'pending')),
  CHECK (pending_network = '' OR state = 'pending'),
  CHECK (CASE state WHEN 'pending' THEN version = 0 ELSE version >= 1 END)
) STRICT;
CREATE INDEX users_pending_by_network ON users (pending_network) WHERE state = 'pending';
CREATE INDEX users_pending_by_until ON users (pending_until) WHERE state = 'pending';

-- Guess budgets and replay protection: apart from the accounts, for they change without history.
CREATE TABLE factor_counters (
  user BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  last_step INTEGER NOT NULL CHECK (last_step >= 0),
  failures INTEGER NOT NULL CHECK (failures >= 0),
  failures_unredeemed INTEGER NOT NULL CHECK (failures_unredeemed >= 0),
  locked_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
  user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE challenges (
  token_hash BLOB PRIMARY KEY NOT NULL CHECK (length(token_hash) = 32),
  user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  next TEXT NOT NULL CHECK (next IN ('enrol', 'verify')),
  password_version INTEGER NOT NULL CHECK (password_version >= 1),
  pending_secret BLOB CHECK (pending_secret IS NULL OR (next = 'enrol' AND length(pending_secret) > 0)),
  tries INTEGER NOT NULL CHECK (tries >= 0),
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_user ON challenges (user);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- Sessions neither ended nor, give or take the clean-up, expired.
CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  factor TEXT NOT NULL CHECK (factor IN ('otp', 'recovery')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A rowid table: rows may be long, and new ones go to the end instead of between others.
CREATE TABLE products (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  sku TEXT CHECK (length(sku) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT CHECK (length(description) <= 4000),
  price INTEGER NOT NULL CHECK (price BETWEEN 0 AND 999999999999999),  -- ten-thousandths
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  stock INTEGER NOT NULL CHECK (stock BETWEEN 0 AND 9007199254740991),
  version INTEGER NOT NULL CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX products_sku ON products (sku) WHERE sku IS NOT NULL;
CREATE INDEX products_oldest_first ON products (created_at, id);

-- The history. It outlives what it speaks of, so it refers to nothing.
CREATE TABLE changes (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'session', 'product')),
  record BLOB NOT NULL CHECK (length(record) = 12),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  op TEXT NOT NULL CHECK (op <> ''),
  actor BLOB CHECK (length(actor) = 12),
  proof TEXT NOT NULL CHECK (proof IN ('none', 'host', 'password', 'otp', 'recovery')),
  reason TEXT,
  reference TEXT,
  after TEXT CHECK (after <> ''),
  UNIQUE (kind, record, revision)
) STRICT;
