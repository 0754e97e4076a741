#include "store/sqlite/word_index.hpp"

#include <algorithm>

#include "store/sqlite/rows.hpp"

namespace integrity::store::sqlite {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

bool words_are_missing(Database& db) {
  return db
      .query("SELECT 1 FROM changes WHERE number > (SELECT through FROM word_index) AND op = 'product.create' LIMIT 1")
      .next();
}

std::int64_t words_through(Database& db) {
  auto row = db.query("SELECT through FROM word_index");
  row.next();
  return row.take<std::int64_t>();
}

void set_words_through(Database& db, std::int64_t number) {
  db.run("UPDATE word_index SET through = ?", number);
}

// In the order of places: FTS5 takes rows in ascending order into one segment, and begins another one where it goes back.
void add_missing_words(Database& db, const model::ProductText& text, std::int64_t through) {
  std::vector<std::int64_t> sequences;
  for (auto row = db.query("SELECT p.place FROM changes c CROSS JOIN products p ON p.id = c.record"
                           " WHERE c.number > ? AND c.op = 'product.create'",
                           through);
       row.next();) {
    sequences.push_back(row.take<std::int64_t>());
  }
  std::sort(sequences.begin(), sequences.end());
  for (const auto sequence : sequences) {
    auto row = db.query("SELECT " PRODUCT_COLUMNS " FROM products p WHERE p.place = ?", sequence);
    row.next();
    add_words(db, sequence, text.words_of(take_product(row)));
  }
}

void add_words(Database& db, std::int64_t sequence, const std::vector<std::string>& words) {
  db.run("INSERT INTO product_words (rowid, words) VALUES (?, ?)", sequence, joined(words));
}

void remove_words(Database& db, std::int64_t sequence, const std::vector<std::string>& words) {
  db.run("INSERT INTO product_words (product_words, rowid, words) VALUES ('delete', ?, ?)", sequence, joined(words));
}

bool has_words(Database& db, const ProductId& id, std::int64_t through) {
  return !db.query("SELECT 1 FROM changes WHERE kind = 'product' AND record = ? AND revision = 1 AND number > ?", id,
                   through)
              .next();
}

}  // namespace integrity::store::sqlite
