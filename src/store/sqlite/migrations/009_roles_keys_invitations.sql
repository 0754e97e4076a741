-- Roles, sessions that are refreshed, keys for programs, invitations, and the history of an account.
ALTER TABLE users ADD COLUMN role TEXT CHECK (role IN ('viewer', 'clerk', 'editor', 'auditor', 'admin'));
ALTER TABLE users ADD COLUMN confirmed_at INTEGER;
ALTER TABLE users ADD COLUMN invitation BLOB CHECK (length(invitation) = 12);
ALTER TABLE users ADD COLUMN last_login_at INTEGER;
-- The last reset, if there was one.
ALTER TABLE users ADD COLUMN reset_at INTEGER;
ALTER TABLE users ADD COLUMN reset_by BLOB CHECK (length(reset_by) = 12);
ALTER TABLE users ADD COLUMN reset_factor INTEGER CHECK ((reset_factor IS NULL) = (reset_at IS NULL));
ALTER TABLE users ADD COLUMN reset_password INTEGER CHECK ((reset_password IS NULL) = (reset_at IS NULL));
ALTER TABLE users ADD COLUMN reset_token_hash BLOB CHECK (length(reset_token_hash) = 32);
ALTER TABLE users ADD COLUMN reset_expires_at INTEGER CHECK ((reset_expires_at IS NULL) = (reset_at IS NULL));
ALTER TABLE users ADD COLUMN public_version INTEGER NOT NULL DEFAULT 1 CHECK (public_version >= 1);
UPDATE users SET role = 'editor' WHERE state <> 'pending';
UPDATE users SET public_version = max(version, 1);
UPDATE users SET confirmed_at = created_at WHERE EXISTS (
  SELECT 1 FROM changes WHERE product IS NULL AND record = users.id AND op IN ('user.confirm', 'user.import'));
CREATE INDEX users_admins ON users (role) WHERE role = 'admin';

ALTER TABLE sessions ADD COLUMN role TEXT NOT NULL DEFAULT 'editor'
  CHECK (role IN ('viewer', 'clerk', 'editor', 'auditor', 'admin'));
ALTER TABLE sessions ADD COLUMN generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0);
ALTER TABLE sessions ADD COLUMN refreshed_at INTEGER;
ALTER TABLE sessions ADD COLUMN proven_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
UPDATE sessions SET proven_at = created_at;

-- Never removed, because changes name the key that made them. `role` is that of the owner while it is active.
CREATE TABLE api_keys (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  user BLOB NOT NULL REFERENCES users (id),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  scopes TEXT NOT NULL CHECK (scopes <> ''),  -- with spaces between them, and so are the addresses
  addresses TEXT CHECK (addresses <> ''),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  role TEXT CHECK (role IN ('viewer', 'clerk', 'editor', 'auditor', 'admin'))
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_user ON api_keys (user);
-- An account keeps its revoked and expired keys for good, so the few that can be used have an index of their own.
CREATE INDEX api_keys_usable ON api_keys (user, ifnull(expires_at, 9223372036854775807)) WHERE revoked_at IS NULL;

-- Neither accepted nor deleted nor, give or take the clean-up, expired.
CREATE TABLE invitations (
  id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 12),
  token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  role TEXT NOT NULL CHECK (role IN ('viewer', 'clerk', 'editor', 'auditor', 'admin')),
  name TEXT CHECK (length(name) BETWEEN 1 AND 100),
  created_by BLOB CHECK (length(created_by) = 12),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_creation ON invitations (created_at, id);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- Each = instead of one IN, as in 006.
CREATE TABLE new_changes (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'product' OR kind = 'session' OR kind = 'user' OR kind = 'key'
                            OR kind = 'invitation' OR kind = 'store'),
  record BLOB NOT NULL CHECK (length(record) = 12),
  product INTEGER CHECK ((product IS NULL) = (kind <> 'product')),  -- its place
  revision INTEGER NOT NULL CHECK (revision >= 1),
  op TEXT NOT NULL CHECK (op <> ''),
  actor BLOB CHECK (length(actor) = 12),
  actor_key BLOB CHECK (length(actor_key) = 12),
  proof TEXT NOT NULL CHECK (proof = 'otp' OR proof = 'recovery' OR proof = 'key' OR proof = 'password'
                             OR proof = 'host' OR proof = 'none' OR proof = 'reset'),
  reason TEXT,
  reference TEXT,
  account BLOB CHECK (account IS NULL OR (length(account) = 12 AND product IS NULL)),
  after TEXT CHECK (after <> ''),
  before TEXT CHECK (before IS NULL OR (before <> '' AND kind = 'product'))
) STRICT;
-- The history of an account has its own changes and those of its sessions, whose first change names it in hexadecimal.
CREATE TEMP TABLE user_of_hex (hex TEXT PRIMARY KEY NOT NULL, id BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO user_of_hex (hex, id) SELECT lower(hex(id)), id FROM users;
INSERT INTO new_changes (number, at, kind, record, product, revision, op, actor, proof, reason, reference, account, after, before)
SELECT number, at, kind, record, product, revision, op, actor, proof, reason, reference,
       CASE kind WHEN 'user' THEN record WHEN 'session' THEN (
         SELECT u.id FROM changes s JOIN user_of_hex u
           ON u.hex = CASE WHEN json_valid(s.after) THEN json_extract(s.after, '$.user') END
         WHERE s.product IS NULL AND s.record = c.record AND s.revision = 1 AND s.kind = 'session') END,
       after, before
FROM changes c ORDER BY number;
DROP TABLE user_of_hex;
DROP TABLE changes;
ALTER TABLE new_changes RENAME TO changes;
CREATE UNIQUE INDEX changes_of_product ON changes (product, revision) WHERE product IS NOT NULL;
CREATE UNIQUE INDEX changes_of_record ON changes (record, revision, kind) WHERE product IS NULL;
-- A product's change is in neither. Both are in the order of numbers, as every index is.
CREATE INDEX changes_of_account ON changes (account) WHERE account IS NOT NULL;
CREATE INDEX changes_of_kind ON changes (kind) WHERE product IS NULL;
