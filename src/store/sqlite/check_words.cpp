// The index of words, compared with what the texts of the products give. The index keeps no texts, so both sides are
// added up: for each product the checksums of its words. 16 bytes for each product are held.
#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "base/checksum.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/word_index.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::size_t kBetweenReports = 65'536;
constexpr std::size_t kPrefixes[] = {2, 4};  // characters: `prefix` of the index
constexpr std::size_t kStrangersMax = 1000;  // rows of no product that are named

// What FTS5's tokenizer `ascii` makes of a text, each once.
std::set<std::string> tokens(std::string_view text) {
  std::set<std::string> all;
  std::string token;
  const auto end = [&] {
    if (!token.empty()) all.insert(std::exchange(token, {}));
  };
  for (const char each : text) {
    const bool digit = each >= '0' && each <= '9';
    const char lower = ascii_lower(each);
    if (digit || (lower >= 'a' && lower <= 'z') || (static_cast<unsigned char>(each) & 0x80) != 0) {
      token += lower;
    } else {
      end();
    }
  }
  end();
  return all;
}

struct Sum {
  std::int64_t sequence;
  std::uint64_t left;   // of the words that the index has not shown yet
  bool broken = false;  // a text has no words: that is reported where the rows are read
};

// The first so many characters of a word; nothing where it has fewer.
std::optional<std::string_view> beginning(std::string_view word, std::size_t characters) {
  std::size_t at = 0;
  for (; characters > 0 && at < word.size(); --characters) {
    for (++at; at < word.size() && (static_cast<unsigned char>(word[at]) & 0xc0) == 0x80;) ++at;
  }
  if (characters > 0) return {};
  return word.substr(0, at);
}

// The index of beginnings, against the words themselves, which come in their order.
class Beginnings {
 public:
  Beginnings(Database& db, CheckReport& report, std::size_t characters)
      : db_(db), report_(report), characters_(characters) {}

  void add(std::string_view word, std::int64_t sequence) {
    const auto begins = beginning(word, characters_);
    if (begins != current_) {
      finish();
      current_.reset();
      if (begins) current_.emplace(*begins);
    }
    if (begins) sequences_.push_back(sequence);
  }
  void finish() {
    if (!current_) return;
    std::sort(sequences_.begin(), sequences_.end());
    sequences_.erase(std::unique(sequences_.begin(), sequences_.end()), sequences_.end());
    auto expected = sequences_.begin();
    bool same = true;
    const std::string query = '"' + *current_ + "\"*";
    for (auto row = db_.query("SELECT rowid FROM product_words WHERE product_words MATCH ? ORDER BY rowid", query);
         same && row.next();) {
      same = expected != sequences_.end() && *expected++ == row.take<std::int64_t>();
    }
    if (!same || expected != sequences_.end()) {
      report_.found("word index", "finds other products by the beginning " + *current_ + " than by the words");
    }
    sequences_.clear();
  }

 private:
  Database& db_;
  CheckReport& report_;
  const std::size_t characters_;
  std::optional<std::string> current_;
  std::vector<std::int64_t> sequences_;
};

// The sums of all products, in the order of sequence numbers. Those that are not indexed yet must not be in the index.
std::vector<Sum> sums_of_products(Database& db, const model::ProductText& text, CheckReport& report) {
  const auto later = products_without_words(db);
  std::vector<Sum> sums;
  for (auto row = db.query("SELECT p.place, p.name_key, " PRODUCT_COLUMNS " FROM products p ORDER BY p.place");
       row.next();) {
    const auto sequence = row.take<std::int64_t>();
    const auto name_key = row.take<std::string>();
    if (row.has_broken_text()) {
      sums.push_back({.sequence = sequence, .left = 0, .broken = true});
      continue;
    }
    const auto product = take_product(row);
    if (name_key != text.sort_key(product.name)) {
      report.found(about(model::RecordKind::product, product.id.hex()), "is sorted by a name that it does not have");
    }
    Sum sum{.sequence = sequence, .left = 0};
    if (!std::binary_search(later.begin(), later.end(), sequence)) {
      for (const auto& token : tokens(text.word_text(product))) sum.left += checksum(token);
    }
    sums.push_back(sum);
    if (sums.size() % kBetweenReports == 0) report.progress("texts", sums.size(), 0);
  }
  return sums;
}

}  // namespace

void check_words(Database& db, const model::ProductText& text, CheckReport& report) {
  auto sums = sums_of_products(db, text, report);
  // In memory (temp_store): what a connection that only queries may not make either.
  db.execute(
      "PRAGMA query_only = OFF;"
      "CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed_words USING fts5vocab(main, product_words, instance);"
      "PRAGMA query_only = ON");
  std::vector<Beginnings> beginnings;
  for (const std::size_t characters : kPrefixes) beginnings.emplace_back(db, report, characters);
  std::set<std::int64_t> strangers;
  std::size_t read = 0;
  for (auto row = db.query("SELECT term, doc FROM temp.indexed_words"); row.next();) {
    const auto word = row.take<std::string>();
    const auto sequence = row.take<std::int64_t>();
    const auto of = std::lower_bound(sums.begin(), sums.end(), sequence,
                                     [](const Sum& a, std::int64_t b) { return a.sequence < b; });
    if (of != sums.end() && of->sequence == sequence) {
      of->left -= checksum(word);
    } else if (strangers.size() < kStrangersMax && strangers.insert(sequence).second) {
      report.found("word index",
                   "has words of sequence number " + std::to_string(sequence) + ", and there is no such product");
    }
    for (auto& each : beginnings) each.add(word, sequence);
    if (++read % kBetweenReports == 0) report.progress("words", read, 0);
  }
  for (auto& each : beginnings) each.finish();
  for (const Sum& sum : sums) {
    if (sum.left == 0 || sum.broken) continue;
    auto row = db.query("SELECT id FROM products WHERE place = ?", sum.sequence);
    row.next();
    report.found(about(model::RecordKind::product, row.take<ProductId>().hex()),
                 "is in the word index with other words than its texts have");
  }
}

}  // namespace integrity::store::sqlite
