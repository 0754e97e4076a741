// Inserts the rows that POST /products writes, in a plain SQLite loop: what the server's writes are compared with.
//
//   sqlite_loop DATABASE ROWS GROUP     inserts ROWS products; prints products per second
//
// DATABASE is a copy of a server's database with at least one product, so the schema, indexes and page size are the
// server's. The loop inserts copies of the newest product and its change, under new ids. GROUP products share a durable
// commit (WAL, synchronous=FULL). The loop does not index words, because the server does so for many products at once
// (docs/adr/0014).
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

namespace {

sqlite3* db = nullptr;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "sqlite_loop: %s: %s\n", what.c_str(), sqlite3_errmsg(db));
  std::exit(1);
}

void run(const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

sqlite3_stmt* prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail(sql);
  return statement;
}

void step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement));
  sqlite3_reset(statement);
}

sqlite3_stmt* first_row(const std::string& sql) {
  sqlite3_stmt* statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail("the database needs a product: " + sql);
  return statement;
}

std::string text_of(const std::string& sql) {
  sqlite3_stmt* row = first_row(sql);
  std::string result = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
  sqlite3_finalize(row);
  return result;
}

// An INSERT with a parameter for each column of the table, bound to the values of one of its rows.
class Insert {
 public:
  // `which` ends the SELECT that finds the row.
  Insert(const std::string& table, const std::string& which) {
    const std::string stored = " FROM pragma_table_xinfo('" + table + "') WHERE hidden = 0";
    const std::string columns = text_of("SELECT group_concat(name)" + stored);
    const std::string parameters = text_of("SELECT group_concat(':' || name)" + stored);
    // A temporary copy, so that the loop reads nothing from the table.
    run("CREATE TEMP TABLE copied_" + table + " AS SELECT " + columns + " FROM " + table + " " + which);
    sqlite3_stmt* row = first_row("SELECT " + columns + " FROM copied_" + table);
    statement_ = prepare("INSERT INTO " + table + " (" + columns + ") VALUES (" + parameters + ")");
    for (int column = 0; column < sqlite3_column_count(row); ++column) {
      sqlite3_bind_value(statement_, column + 1, sqlite3_column_value(row, column));
    }
    sqlite3_finalize(row);
  }
  int parameter(const char* name) const {
    const int index = sqlite3_bind_parameter_index(statement_, name);
    if (index == 0) fail(std::string("there is no column ") + name);
    return index;
  }
  void number(int parameter, sqlite3_int64 value) { sqlite3_bind_int64(statement_, parameter, value); }
  void id(int parameter, const unsigned char (&bytes)[12]) {
    sqlite3_bind_blob(statement_, parameter, bytes, sizeof bytes, SQLITE_STATIC);
  }
  void text(int parameter, const std::string& value) {
    sqlite3_bind_text(statement_, parameter, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  }
  void execute() { step(statement_); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: sqlite_loop DATABASE ROWS GROUP\n");
    return 2;
  }
  const long rows = std::atol(argv[2]);
  const long group = std::atol(argv[3]);
  if (sqlite3_open(argv[1], &db) != SQLITE_OK) fail(argv[1]);
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA locking_mode=EXCLUSIVE");
  Insert product("products", "ORDER BY place DESC LIMIT 1");
  Insert change("changes", "WHERE op = 'product.create' ORDER BY number DESC LIMIT 1");
  const struct {
    int place, id, created_at, updated_at, sku, name, name_key;
  } p{product.parameter(":place"),      product.parameter(":id"),  product.parameter(":created_at"),
      product.parameter(":updated_at"), product.parameter(":sku"), product.parameter(":name"),
      product.parameter(":name_key")};
  const struct {
    int number, at, record;
  } c{change.parameter(":number"), change.parameter(":at"), change.parameter(":record")};
  sqlite3_stmt* last = first_row("SELECT number, at FROM changes ORDER BY number DESC LIMIT 1");
  sqlite3_int64 number = sqlite3_column_int64(last, 0);
  sqlite3_int64 at = sqlite3_column_int64(last, 1);
  sqlite3_finalize(last);
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
    unsigned char id[12] = {0x6a, 0, 0, 0};  // seconds, then random bytes, like the server's
    const auto drawn = random();
    std::memcpy(id + 4, &drawn, sizeof drawn);
    const std::string sku = "loop-" + std::to_string(number), name = "lamp " + std::to_string(number);
    product.number(p.place, (at << 21) + row % group);
    product.id(p.id, id);
    product.number(p.created_at, at);
    product.number(p.updated_at, at);
    product.text(p.sku, sku);
    product.text(p.name, name);
    product.text(p.name_key, name);
    product.execute();
    change.number(c.number, number);
    change.number(c.at, at);
    change.id(c.record, id);
    change.execute();
    if (row % group == group - 1 || row == rows - 1) step(commit);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.1f\n", static_cast<double>(rows) / seconds.count());
  return 0;
}
