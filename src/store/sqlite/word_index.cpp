#include "store/sqlite/word_index.hpp"

#include <algorithm>
#include <utility>

#include "store/sqlite/rows.hpp"

namespace integrity::store::sqlite {
std::int64_t words_through(Database& db) {
  auto row = db.query("SELECT through FROM word_index");
  row.next();
  return row.take<std::int64_t>();
}

void set_words_through(Database& db, std::int64_t number) {
  db.run("UPDATE word_index SET through = ?", number);
}

std::vector<std::int64_t> products_without_words(Database& db) {
  std::vector<std::int64_t> sequences;
  for (auto row = db.query("SELECT p.place FROM changes c CROSS JOIN products p ON p.place = c.product"
                           " WHERE c.number > (SELECT through FROM word_index) AND c.op = 'product.create'");
       row.next();) {
    sequences.push_back(row.take<std::int64_t>());
  }
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

std::size_t text_bytes(const model::Product& product) {
  return product.name.size() + (product.description ? product.description->size() : 0) +
         (product.sku ? product.sku->size() : 0);
}

std::optional<std::int64_t> add_missing_words(Database& db, const model::ProductText& text, std::int64_t through,
                                              std::size_t bytes_max) {
  std::vector<std::pair<std::int64_t, std::string>> missing;  // sequence number, words
  std::optional<std::int64_t> last;
  std::size_t bytes = 0;
  for (auto row = db.query("SELECT c.number, p.place, p.name, p.description, p.sku FROM changes c"
                           " CROSS JOIN products p ON p.place = c.product"
                           " WHERE c.number > ? AND c.op = 'product.create' ORDER BY c.number",
                           through);
       row.next();) {
    if (bytes >= bytes_max) break;
    last = row.take<std::int64_t>();
    const auto sequence = row.take<std::int64_t>();
    model::Product product;
    product.name = row.take<std::string>();
    product.description = row.take<std::optional<std::string>>();
    product.sku = row.take<std::optional<std::string>>();
    missing.emplace_back(sequence, text.word_text(product));
    bytes += text_bytes(product);
  }
  // FTS5 takes rows in ascending order into one segment, and begins another one where it goes back.
  std::sort(missing.begin(), missing.end());
  for (const auto& [sequence, words] : missing) add_words(db, sequence, words);
  return bytes >= bytes_max ? last : std::nullopt;
}

void add_words(Database& db, std::int64_t sequence, std::string_view words) {
  db.run("INSERT INTO product_words (rowid, words) VALUES (?, ?)", sequence, words);
}

void remove_words(Database& db, std::int64_t sequence, std::string_view words) {
  db.run("INSERT INTO product_words (product_words, rowid, words) VALUES ('delete', ?, ?)", sequence, words);
}

bool has_words(Database& db, std::int64_t sequence, std::int64_t through) {
  return !db.query("SELECT 1 FROM changes WHERE product = ? AND revision = 1 AND number > ?", sequence, through).next();
}

}  // namespace integrity::store::sqlite
