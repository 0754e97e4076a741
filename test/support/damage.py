"""Damages that are planted into a copy of a data folder by SQL, each with what `integrity check` must say about it.

A damage gets the database and returns the line that is expected, or its beginning."""

import re
import sqlite3

NOBODY = "00" * 12


def one(db, sql: str, *values):
    row = db.execute(sql, values).fetchone()
    assert row is not None, f"the life before the check made nothing for: {sql}"
    return row[0] if len(row) == 1 else row


def product(db) -> str:
    """One that was changed after it was made."""
    return one(db, "SELECT lower(hex(id)) FROM products WHERE version > 1 ORDER BY place DESC")


def product_altered(db):
    pid = product(db)
    db.execute("UPDATE products SET stock = (stock + 1) % 1000 WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: is not what its last change says"


def price_altered(db):
    pid = product(db)
    db.execute("UPDATE products SET price = (price + 1) % 1000 WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: is not what its last change says"


def product_altered_with_its_version(db):
    pid = product(db)
    db.execute("UPDATE products SET stock = 7, version = version + 1 WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: is at version "


def history_altered(db):
    pid, number = one(db, "SELECT lower(hex(record)), number FROM changes WHERE before IS NOT NULL AND kind = 'product' ORDER BY number")
    revision = one(db, "SELECT revision FROM changes WHERE number = ?", number)
    made = one(db, "SELECT number FROM changes WHERE record = unhex_(?) AND revision = ?", pid, revision - 1)
    db.execute("UPDATE changes SET before = replace(before, '\"stock\":', '\"stock\":1') WHERE number = ?", (number,))
    return f"product {pid}: what change {made} made is not what the change after it replaced"


def change_deleted(db):
    number = one(db, "SELECT max(number) / 2 FROM changes")
    db.execute("DELETE FROM changes WHERE number = ?", (number,))
    return f"change {number}: is missing in the history"


def last_change_deleted(db):
    number = one(db, "SELECT max(number) FROM changes")
    db.execute("DELETE FROM changes WHERE number = ?", (number,))
    return f"change {number}: is missing at the end of the history"


def revision_deleted(db):
    pid = product(db)
    db.execute("DELETE FROM changes WHERE record = unhex_(?) AND revision = 1", (pid,))
    return f"product {pid}: its history has revision 2"


def changes_of_a_product_deleted(db):
    pid = product(db)
    db.execute("DELETE FROM changes WHERE record = unhex_(?)", (pid,))
    return f"product {pid}: has no change in the history"


def product_deleted(db):
    pid = product(db)
    db.execute("DELETE FROM products WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: is missing: it has a history that does not end"


def product_added(db):
    db.execute("INSERT INTO products (place, id, price, stock, version, created_at, updated_at, currency, name, name_key)"
               " SELECT place + 1000, unhex_(?), 1, 1, 1, created_at, updated_at, 'EUR', 'x', 'x' FROM products ORDER BY place DESC LIMIT 1",
               ("ab" * 12,))
    return f"product {'ab' * 12}: has no change in the history"


def account_deleted(db):
    uid = one(db, "SELECT lower(hex(user)) FROM api_keys")
    db.execute("DELETE FROM users WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: is missing"


def account_promoted(db):
    uid = one(db, "SELECT lower(hex(id)) FROM users WHERE role <> 'admin' AND state = 'active'")
    db.execute("UPDATE users SET role = 'admin' WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: is not what its last change says"


def session_promoted(db):
    sid, user = one(db, "SELECT lower(hex(id)), user FROM sessions")
    db.execute("UPDATE sessions SET role = CASE role WHEN 'admin' THEN 'viewer' ELSE 'admin' END WHERE id = unhex_(?)", (sid,))
    return f"session {sid}: has the role "


def session_of_nobody(db):
    sid = one(db, "SELECT lower(hex(id)) FROM sessions")
    db.execute("UPDATE sessions SET user = unhex_(?) WHERE id = unhex_(?)", (NOBODY, sid))
    return f"session {sid}: names account"


def key_of_nobody(db):
    kid = one(db, "SELECT lower(hex(id)) FROM api_keys")
    db.execute("UPDATE api_keys SET user = unhex_(?) WHERE id = unhex_(?)", (NOBODY, kid))
    return f"key {kid}: names account"


def key_with_more_scopes(db):
    kid = one(db, "SELECT lower(hex(id)) FROM api_keys WHERE scopes = 'products:read'")
    db.execute("UPDATE api_keys SET scopes = 'products:read products:write' WHERE id = unhex_(?)", (kid,))
    return f"key {kid}: is not what its last change says"


def key_revived(db):
    kid = one(db, "SELECT lower(hex(id)) FROM api_keys WHERE revoked_at IS NOT NULL")
    db.execute("UPDATE api_keys SET revoked_at = NULL WHERE id = unhex_(?)", (kid,))
    return f"key {kid}: is at version 1, and its history ends with version 2"


def invitation_of_nobody(db):
    iid = one(db, "SELECT lower(hex(id)) FROM invitations")
    db.execute("UPDATE invitations SET created_by = unhex_(?) WHERE id = unhex_(?)", (NOBODY, iid))
    return f"invitation {iid}: names account"


def invitation_promoted(db):
    iid = one(db, "SELECT lower(hex(id)) FROM invitations")
    db.execute("UPDATE invitations SET role = 'admin' WHERE id = unhex_(?)", (iid,))
    return f"invitation {iid}: is not what its last change says"


def of_nobody(table, what):
    def plant(db):
        db.execute(f"UPDATE OR IGNORE {table} SET user = unhex_(?) WHERE user = (SELECT user FROM {table} LIMIT 1)", (NOBODY,))
        return f"{what} of user {NOBODY}: there is no such account"
    plant.__name__ = f"{table}_of_nobody"
    return plant


def words_missing(db):
    place, pid = one(db, "SELECT place, lower(hex(id)) FROM products WHERE name = 'Unmistakable' AND sku IS NULL AND description IS NULL")
    db.execute("INSERT INTO product_words (product_words, rowid, words) VALUES ('delete', ?, 'unmistakable ')", (place,))
    return f"product {pid}: is in the word index with other words than its texts have"


def words_added(db):
    place, pid = one(db, "SELECT place, lower(hex(id)) FROM products WHERE name = 'Unmistakable'")
    db.execute("INSERT INTO product_words (rowid, words) VALUES (?, 'ghost ')", (place,))
    return f"product {pid}: is in the word index with other words than its texts have"


def words_of_nothing(db):
    db.execute("INSERT INTO product_words (rowid, words) VALUES (12345, 'ghost ')")
    return "word index: has words of sequence number 12345, and there is no such product"


def sort_key_altered(db):
    pid = product(db)
    db.execute("UPDATE products SET name_key = 'aaa' WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: is sorted by a name that it does not have"


def sequence_altered(db):
    pid = product(db)
    db.execute("UPDATE changes SET product = product + 77 WHERE record = unhex_(?)", (pid,))
    return f"product {pid}: has changes that cannot be found by its sequence number"


def index_dropped(db):
    db.execute("DROP INDEX products_sku")
    return "index products_sku: is missing"


def index_altered(db):
    db.execute("DROP INDEX products_by_price")
    db.execute("CREATE INDEX products_by_price ON products (price DESC)")
    return "index products_by_price: is not as this program makes it"


def trigger_added(db):
    db.execute("CREATE TRIGGER tidy AFTER INSERT ON products BEGIN DELETE FROM changes; END")
    return "trigger tidy: is not this program's"


def object_added(kind, name, sql):
    def plant(db):
        db.executescript(sql)
        return f"{kind} {name}: is not this program's"
    plant.__name__ = f"{kind}_{name}_added"
    return plant


def trigger_with_the_name_of_an_index(db):
    made = one(db, "SELECT sql FROM sqlite_schema WHERE name = 'products_by_price'")
    db.executescript("DROP INDEX products_by_price; CREATE TRIGGER products_by_price AFTER INSERT ON products BEGIN DELETE FROM changes; END;" + made)
    return "trigger products_by_price: is not this program's"


def table_altered(db):
    db.execute("ALTER TABLE users ADD COLUMN shoe_size INTEGER")
    return "table users: is not as this program makes it"


def check_broken(db):
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("UPDATE products SET stock = -1 WHERE id = unhex_(?)", (product(db),))
    return "file "


def bit_flipped_in_a_description(db):
    pid = product(db)
    db.execute("UPDATE products SET description = CAST(x'4c61ed70' AS TEXT) WHERE id = unhex_(?)", (pid,))
    return f"product {pid}: cannot be read: a text is not UTF-8"


def bit_flipped_in_the_name_of_an_account(db):
    uid = one(db, "SELECT lower(hex(id)) FROM users WHERE state = 'active'")
    db.execute("UPDATE users SET name = CAST(x'ff' AS TEXT) WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: cannot be read: a text is not UTF-8"


def bit_flipped_in_a_reason(db):
    number = one(db, "SELECT max(number) / 2 FROM changes")
    db.execute("UPDATE changes SET reason = CAST(x'ff' AS TEXT) WHERE number = ?", (number,))
    return f"changes {number}: cannot be read: a text is not UTF-8"


def secret_of_another_account(db):
    uid, other = one(db, "SELECT lower(hex(a.id)), b.id FROM users a, users b WHERE a.totp_secret IS NOT NULL AND b.totp_secret IS NOT NULL AND a.id <> b.id")
    db.execute("UPDATE users SET totp_secret = (SELECT totp_secret FROM users WHERE id = ?) WHERE id = unhex_(?)", (other, uid))
    return f"user {uid}: has a TOTP secret that secrets.key does not decrypt"


def secret_altered(db):
    uid = one(db, "SELECT lower(hex(id)) FROM users WHERE totp_secret IS NOT NULL")
    db.execute("UPDATE users SET totp_secret = x'01' WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: has a TOTP secret that secrets.key does not decrypt"


def password_hash_altered(db):
    uid = one(db, "SELECT lower(hex(id)) FROM users WHERE password_hash LIKE '$2b$%'")
    db.execute("UPDATE users SET password_hash = substr(password_hash, 1, 59) || '!' WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: has a password hash that is none"


def word_unknown(db):
    db.execute("PRAGMA ignore_check_constraints = ON")
    uid = one(db, "SELECT lower(hex(id)) FROM users WHERE state = 'active'")
    db.execute("UPDATE users SET state = 'asleep' WHERE id = unhex_(?)", (uid,))
    return f"user {uid}: cannot be read"


BY_SQL = [product_altered, price_altered, product_altered_with_its_version, history_altered, change_deleted, last_change_deleted,
          revision_deleted, changes_of_a_product_deleted, product_deleted, product_added, account_deleted, account_promoted,
          session_promoted, session_of_nobody, key_of_nobody, key_with_more_scopes, key_revived, invitation_of_nobody,
          invitation_promoted, of_nobody("recovery_codes", "recovery codes"), of_nobody("factor_counters", "code counters"),
          of_nobody("challenges", "challenge"), of_nobody("kept_answers", "stored response"), words_missing, words_added,
          words_of_nothing, sort_key_altered, sequence_altered, index_dropped, index_altered, trigger_added, table_altered,
          trigger_with_the_name_of_an_index,
          object_added("trigger", "sqliteXstat1", "CREATE TRIGGER sqliteXstat1 AFTER INSERT ON products BEGIN DELETE FROM changes; END"),
          object_added("table", "sqliteXstat1", "CREATE TABLE sqliteXstat1 (x)"),
          object_added("view", "sqliteXstat4", "CREATE VIEW sqliteXstat4 AS SELECT 1"),
          check_broken, word_unknown, bit_flipped_in_a_description, bit_flipped_in_the_name_of_an_account, bit_flipped_in_a_reason,
          secret_of_another_account, secret_altered, password_hash_altered]


def plant(damage, folder) -> str:
    """Returns the beginning of the line that is expected."""
    db = sqlite3.connect(folder / "integrity.db", isolation_level=None)
    db.create_function("unhex_", 1, bytes.fromhex)
    expected = damage(db)
    db.close()
    return expected


def named(expected: str, stdout: str) -> bool:
    return any(line.startswith(expected) for line in stdout.splitlines())


def root_page(folder, name: str) -> tuple[int, int]:
    """Where a table or index begins in the file, and how long a page is."""
    db = sqlite3.connect(folder / "integrity.db")
    page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    size, = db.execute("PRAGMA page_size").fetchone()
    db.close()
    return (page - 1) * size, size


def id_in(line: str) -> str | None:
    found = re.search(r"\b[0-9a-f]{24}\b", line)
    return found and found[0]
