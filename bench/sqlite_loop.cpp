// What a plain SQLite loop reaches with the rows that POST /products writes: the measure for the
// server's writes.
//
//   sqlite_loop DATABASE ROWS GROUP     -> rows a second
//
// DATABASE is a copy of a server's own, with one product at least: schema, indexes and page size
// are the server's, and the newest product and its change are what is written again, under new ids.
// GROUP rows share a commit, each durable (WAL, synchronous=FULL). Words are not indexed: the server does it for many
// products at once (docs/adr/0014).
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

namespace {

sqlite3* db = nullptr;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "sqlite_loop: %s: %s\n", what, sqlite3_errmsg(db));
  std::exit(1);
}

void run(const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

sqlite3_stmt* prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) fail(sql);
  return statement;
}

void step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail("step");
  sqlite3_reset(statement);
}

// One row of the table, kept in memory, so that the loop does nothing but write.
sqlite3_stmt* only_row(const char* sql) {
  sqlite3_stmt* statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail("the database needs a product");
  return statement;
}

void bind_row(sqlite3_stmt* insert, sqlite3_stmt* row) {
  for (int column = 0; column < sqlite3_column_count(row); ++column) {
    sqlite3_bind_value(insert, column + 1, sqlite3_column_value(row, column));
  }
}

void bind_text(sqlite3_stmt* statement, int index, const std::string& text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: sqlite_loop DATABASE ROWS GROUP\n");
    return 2;
  }
  const long rows = std::atol(argv[2]);
  const long group = std::atol(argv[3]);
  if (sqlite3_open(argv[1], &db) != SQLITE_OK) fail(argv[1]);
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA "
      "locking_mode=EXCLUSIVE");
  run("CREATE TEMP TABLE p AS SELECT place, id, price, stock, version, created_at, updated_at, currency, sku, name, "
      "name_key, description FROM products ORDER BY place DESC LIMIT 1;"
      "CREATE TEMP TABLE c AS SELECT number, at, kind, record, revision, op, actor, proof, reason, "
      "reference, after"
      " FROM changes WHERE op = 'product.create' ORDER BY number DESC LIMIT 1");
  sqlite3_stmt* product = only_row("SELECT * FROM p");
  sqlite3_stmt* change = only_row("SELECT * FROM c");
  sqlite3_stmt* insert_product = prepare(
      "INSERT INTO products (place, id, price, stock, version, created_at, updated_at, currency, sku, name, name_key, "
      "description) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  sqlite3_stmt* insert_change = prepare(
      "INSERT INTO changes (number, at, kind, record, revision, op, actor, proof, reason, "
      "reference, after)"
      " VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  bind_row(insert_product, product);
  bind_row(insert_change, change);
  sqlite3_stmt* last = only_row("SELECT max(number) FROM changes");
  sqlite3_int64 number = sqlite3_column_int64(last, 0);
  sqlite3_int64 at = sqlite3_column_int64(change, 1);
  sqlite3_reset(last);
  sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt* commit = prepare("COMMIT");
  std::mt19937_64 random(std::random_device{}());

  const auto start = std::chrono::steady_clock::now();
  for (long row = 0; row < rows; ++row) {
    if (row % group == 0) {
      step(begin);
      ++at;
    }
    ++number;
    unsigned char id[12] = {0x6a, 0, 0, 0};  // seconds first, then chance, as the server's
    const auto chance = random();
    std::memcpy(id + 4, &chance, sizeof chance);
    const std::string sku = "loop-" + std::to_string(number), name = "lamp " + std::to_string(number);
    const sqlite3_int64 place = (at << 21) + row % group;
    sqlite3_bind_int64(insert_product, 1, place);
    sqlite3_bind_blob(insert_product, 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_int64(insert_product, 6, at);
    sqlite3_bind_int64(insert_product, 7, at);
    for (const int column : {10, 11}) bind_text(insert_product, column, name);
    bind_text(insert_product, 9, sku);
    step(insert_product);
    sqlite3_bind_int64(insert_change, 1, number);
    sqlite3_bind_int64(insert_change, 2, at);
    sqlite3_bind_blob(insert_change, 4, id, sizeof id, SQLITE_STATIC);
    step(insert_change);
    if (row % group == group - 1 || row == rows - 1) step(commit);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.1f\n", static_cast<double>(rows) / seconds.count());
  return 0;
}
