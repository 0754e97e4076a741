#include "store/sqlite/search.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "store/position.hpp"
#include "store/sqlite/rows.hpp"
#include "store/sqlite/word_index.hpp"

// What a walk looks at comes first; the product itself is taken only where that fits.
#define ROW "p.place, p.price, p.stock, p.updated_at, p.name_key, " PRODUCT_COLUMNS
#define BY_INDEX(column, sign, direction)                                                                \
  "SELECT " ROW " FROM products p INDEXED BY products_by_" column " WHERE (p." column ", p.place) " sign \
  " (?, ?) ORDER BY p." column " " direction ", p.place " direction
#define BY_NAME(sign, direction)                                                                 \
  "SELECT " ROW " FROM products p INDEXED BY products_by_name WHERE (p.name_key, p.place) " sign \
  " (?, ?) ORDER BY p.name_key " direction ", p.place " direction
#define BY_PLACE(sign, direction) "SELECT " ROW " FROM products p WHERE p.place " sign " ? ORDER BY p.place " direction
#define BY_WORDS(sign, direction)                                    \
  "SELECT " ROW                                                      \
  " FROM product_words w CROSS JOIN products p ON p.place = w.rowid" \
  " WHERE w.product_words MATCH ? AND w.rowid " sign " ? ORDER BY w.rowid " direction
#define BY_RANGE(column, sign, direction)                                                           \
  "SELECT " ROW " FROM (SELECT place FROM products INDEXED BY products_by_" column " WHERE " column \
  " BETWEEN ? AND ? AND place " sign " ? ORDER BY place " direction                                 \
  " LIMIT ?) AS found CROSS JOIN products p ON"                                                     \
  " p.place = found.place ORDER BY found.place " direction
#define PLACES(column) \
  "SELECT place FROM products INDEXED BY products_by_" column " WHERE " column " BETWEEN ? AND ? LIMIT ?"

namespace integrity::store::sqlite {
namespace {

using model::ProductKey;
using model::ProductQuery;
using SteadyTime = std::chrono::steady_clock::time_point;

// At most this many candidates are fetched and sorted: about 10 ms.
constexpr std::int64_t kFew = 2048;
// Minimum work per page, even when the time is up: this many products or bytes of text.
constexpr std::int64_t kStride = 64;
constexpr std::size_t kStrideBytes = 64 * 1024;
// A walk is sparse if fewer than one in kDense products matches.
constexpr std::int64_t kDense = 20;
// The lengths of prefixes that the index of words lists, in code points (migrations/007_…).
constexpr std::size_t kListedPrefixes[] = {4, 2};
// Steps of SQLite's virtual machine between two looks at the clock. Inside FTS5 they are steps of the statement that
// fetches pages of the index: some eight pages, or a third of a millisecond.
constexpr int kSteps = 32;

constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();

bool less(const Position& a, const Position& b) {
  if (a.key != b.key) return a.key < b.key;
  if (a.name != b.name) return a.name < b.name;
  return a.sequence < b.sequence;
}

// A row as far as a walk needs it; `product` continues where this ends.
struct Row {
  Position position;
  std::int64_t price, stock;

  Row(Run& run, ProductKey by)
      : position{run.take<std::int64_t>()}, price(run.take<std::int64_t>()), stock(run.take<std::int64_t>()) {
    const auto updated_at = run.take<std::int64_t>();
    if (by == ProductKey::name) {
      position.name = run.take<std::string>();
    } else {
      run.skip();
    }
    if (by == ProductKey::price) position.key = price;
    if (by == ProductKey::stock) position.key = stock;
    if (by == ProductKey::updated_at) position.key = updated_at;
  }
};

// Interrupts the statements of a connection from `until` on.
class TimeLimit {
 public:
  TimeLimit(Database& db, SteadyTime until) : db_(db), until_(until) {
    sqlite3_progress_handler(db.handle(), kSteps, &is_over, this);
  }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit() { sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr); }

 private:
  static int is_over(void* self) {
    return std::chrono::steady_clock::now() > static_cast<const TimeLimit*>(self)->until_ ? 1 : 0;
  }

  Database& db_;
  const SteadyTime until_;
};

class Search {
 public:
  Search(Database& db, const model::ProductText& text, const ProductQuery& query)
      : db_(db), text_(text), query_(query), began_(std::chrono::steady_clock::now()), by_words_(!query.words.empty()) {
    if (by_words_) {
      for (auto word = query.words.begin(); word != query.words.end() - 1; ++word) match_others_ += '"' + *word + "\" ";
      const std::string& prefix = query.words.back();
      const std::string listed = listed_prefix(prefix);
      match_all_ = match_others_ + '"' + (listed.empty() ? prefix : listed) + "\" *";
      match_is_exact_ = listed.empty() || listed == prefix;
      prefix_is_listed_ = !listed.empty();
    }
    if (!query.after.empty()) after_ = read_position(query.after);
  }

  model::ProductPage run() {
    if (query_.limit == 0) return {};
    const OneState state(db_);
    if (!query_.time_max) {
      by_index();
    } else if (!by_index_within(*query_.time_max / 2)) {
      // From where that came to. Each row is a step further, so a page always gets on.
      if (moved_) after_ = last_;
      words_known_ = false;
      take(rows(), kHighest);
    }
    return std::move(page_);
  }

 private:
  void by_index() {
    if (const auto few = few_by_number()) return pick(*few);
    if (index_is_slow()) {
      // Where many products fit, a walk over the products fills a page sooner.
      if (walk_while_dense()) return;
      if (moved_) after_ = last_;
    }
    if (!by_words_) {
      take(by_one_number() ? rows_of_number() : rows(), kHighest);
      return;
    }
    find_not_indexed();
    if (in_default_order()) {
      take_by_words(match_all_, kHighest);
    } else if (const auto few = few_by_words()) {
      pick(*few);
    } else {
      take(rows(), kHighest);
    }
  }

  // Whether an index gives the first find of a page only after it has gathered all of them. FTS5 does so for prefixes that it
  // does not list: 14 000 finds in 10 ms, a million in half a second.
  bool index_is_slow() const {
    if (!by_words_) return by_one_number();
    return !in_default_order() || !prefix_is_listed_;
  }

  // In the order of the query, over all products or those with all words but the last. True where that was enough.
  bool walk_while_dense() {
    if (match_others_.empty() || !in_default_order()) return take(rows(), kStride);
    find_not_indexed();
    return take_by_words(match_others_, kStride);
  }

  // False where the time was over before the page was full or the list ended. What was taken until then counts.
  bool by_index_within(std::chrono::milliseconds time) {
    if (time.count() <= 0) return false;
    until_ = began_ + time;
    const TimeLimit limit(db_, *until_);
    try {
      by_index();
      return true;
    } catch (const Failure& failure) {
      if (failure.primary() != SQLITE_INTERRUPT) throw;
      return false;
    }
  }

  static std::int64_t low(const model::Range& range) { return range.min.value_or(kLowest); }
  static std::int64_t high(const model::Range& range) { return range.max.value_or(kHighest); }

  bool comes_after(const Position& a, const Position& b) const {
    return query_.order.descending ? less(a, b) : less(b, a);
  }

  // The range of the key in the order, if it is one of the filters.
  const model::Range* bounds() const {
    if (query_.order.by == ProductKey::price) return &query_.price;
    if (query_.order.by == ProductKey::stock) return &query_.stock;
    return nullptr;
  }

  bool numbers_fit(const Row& row) const { return query_.price.has(row.price) && query_.stock.has(row.stock); }

  bool in_default_order() const { return query_.order.by == ProductKey::created_at; }

  // In the default order, in which an index of this one filter cannot give its finds, or not quickly.
  bool by_one_number() const { return in_default_order() && query_.price.given() != query_.stock.given(); }

  bool words_need_no_check() const { return words_known_ || query_.words.empty(); }

  bool words_fit(const model::Product& product) const {
    if (words_need_no_check()) return true;
    const auto words = text_.words_of(product);
    const auto occurs = [&](const std::string& word) { return std::binary_search(words.begin(), words.end(), word); };
    const auto prefix = std::lower_bound(words.begin(), words.end(), query_.words.back());
    return std::all_of(query_.words.begin(), query_.words.end() - 1, occurs) && prefix != words.end() &&
           prefix->starts_with(query_.words.back());
  }

  // The products that fit one of the filters, where these are few; that filter finds them by its index.
  std::optional<std::vector<std::int64_t>> few_by_number() {
    const auto by = query_.order.by;
    if (query_.sku) return few(db_.query("SELECT place FROM products WHERE sku = ?", *query_.sku));
    std::optional<std::vector<std::int64_t>> found;
    if (query_.price.given() && by != ProductKey::price) {
      found = few(db_.query(PLACES("price"), low(query_.price), high(query_.price), kFew + 1));
    }
    if (!found && query_.stock.given() && by != ProductKey::stock) {
      found = few(db_.query(PLACES("stock"), low(query_.stock), high(query_.stock), kFew + 1));
    }
    return found;
  }

  std::optional<std::vector<std::int64_t>> few_by_words() {
    const auto few_of = [&](const std::string& match) {
      return few(db_.query("SELECT rowid FROM product_words WHERE product_words MATCH ? LIMIT ?", match, kFew + 1));
    };
    std::optional<std::vector<std::int64_t>> found;
    // FTS5 gathers all finds of a prefix that it does not list, even if the other words have few.
    if (!prefix_is_listed_ && !match_others_.empty()) found = few_of(match_others_);
    const bool by_others = found.has_value();
    if (!found) found = few_of(match_all_);
    words_known_ = found && !by_others && match_is_exact_;
    if (found) found->insert(found->end(), not_indexed_.begin(), not_indexed_.end());
    return found;
  }

  static std::optional<std::vector<std::int64_t>> few(Run sequences) {
    std::vector<std::int64_t> all;
    while (sequences.next()) all.push_back(sequences.take<std::int64_t>());
    if (all.size() > kFew) return {};
    return all;
  }

  // Only positions are kept until it is known which come first: all candidates together may be 35 MB.
  void pick(const std::vector<std::int64_t>& sequences) {
    std::vector<Position> found;
    for (const auto sequence : sequences) {
      auto run = row_at(sequence);
      if (!run.next()) continue;
      Row row(run, query_.order.by);
      if (!numbers_fit(row) || (after_ && !comes_after(row.position, *after_))) continue;
      if (words_need_no_check() || words_fit(take_product(run))) found.push_back(std::move(row.position));
    }
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return comes_after(b, a); });
    for (auto& position : found) {
      if (full()) {
        page_.next = written(last_);
        break;
      }
      auto run = row_at(position.sequence);
      if (!run.next()) throw std::logic_error("a product went while one state was read");
      const Row row(run, query_.order.by);
      put(take_product(run));
      last_ = std::move(position);
      moved_ = true;
    }
  }

  Run row_at(std::int64_t sequence) { return db_.query("SELECT " ROW " FROM products p WHERE p.place = ?", sequence); }

  bool full() const {
    return page_.products.size() == query_.limit || (!page_.products.empty() && bytes_ >= query_.bytes_max);
  }

  void put(model::Product product) {
    bytes_ += model::bytes_about(product);
    page_.products.push_back(std::move(product));
  }

  void find_not_indexed() {
    if (std::exchange(not_indexed_known_, true)) return;
    for (const auto sequence : products_without_words(db_)) {
      if (until_ && std::chrono::steady_clock::now() > *until_) throw Failure(SQLITE_INTERRUPT, "the time is over");
      auto run = row_at(sequence);
      if (!run.next()) throw std::logic_error("a product went while one state was read");
      const Row row(run, query_.order.by);
      if (words_fit(take_product(run))) not_indexed_.push_back(sequence);
    }
    if (query_.order.descending) std::reverse(not_indexed_.begin(), not_indexed_.end());
  }

  // How far a walk has come.
  struct Taken {
    std::int64_t rows = 0, finds = 0;
    std::size_t bytes = 0;  // of their texts
  };

  // Takes what fits until the page is full, the rows have ended or the time is over. False if it gave up: after
  // `rows_min` rows a sparse walk stops.
  bool take(Run run, std::int64_t rows_min) {
    Taken taken;
    while (run.next()) {
      if (const auto ended = take_row(Row(run, query_.order.by), run, rows_min, taken)) return *ended;
    }
    return true;
  }

  // The beginning of a word that the index lists; nothing for a short word.
  static std::string listed_prefix(std::string_view word) {
    for (const auto length : kListedPrefixes) {
      std::size_t count = 0;
      for (std::size_t end = 0; end < word.size(); ++end) {
        const bool begins = (static_cast<std::uint8_t>(word[end]) & 0xC0) != 0x80;
        if (begins && ++count > length) return std::string(word.substr(0, end));
      }
      if (count == length) return std::string(word);
    }
    return {};
  }

  // The same of the products that the index of words has for `match`, and of those that are not in it.
  bool take_by_words(const std::string& match, std::int64_t rows_min) {
    words_known_ = match == match_all_ && match_is_exact_;
    Run run = query_.order.descending ? db_.query(BY_WORDS("<", "DESC"), match, first_sequence())
                                      : db_.query(BY_WORDS(">", "ASC"), match, first_sequence());
    Taken taken;
    const auto reached = [&](std::int64_t sequence) {
      return query_.order.descending ? sequence < first_sequence() : sequence > first_sequence();
    };
    auto next = std::find_if(not_indexed_.begin(), not_indexed_.end(), reached);
    for (bool more = true; more;) {
      more = run.next();
      std::optional<Row> row;
      if (more) row.emplace(run, query_.order.by);
      for (; next != not_indexed_.end() && (!more || comes_after(row->position, {.sequence = *next})); ++next) {
        auto other = row_at(*next);
        if (!other.next()) throw std::logic_error("a product went while one state was read");
        if (const auto ended = take_row(Row(other, query_.order.by), other, rows_min, taken)) return *ended;
      }
      if (more) {
        if (const auto ended = take_row(*row, run, rows_min, taken)) return *ended;
      }
    }
    return true;
  }

  // nullopt: continue. Otherwise the return value of `take`.
  std::optional<bool> take_row(const Row& row, Run& run, std::int64_t rows_min, Taken& taken) {
    if (bounds() != nullptr && !bounds()->has(row.position.key)) return true;  // nor does anything that follows
    if (taken.rows >= rows_min && taken.finds * kDense < taken.rows) return false;
    if ((taken.rows >= kStride || taken.bytes >= kStrideBytes) && out_of_time()) {
      page_.next = written(last_);
      return true;
    }
    if (numbers_fit(row)) {
      auto product = take_product(run);
      taken.bytes += model::bytes_about(product);
      if (words_fit(product)) {
        if (full()) {
          page_.next = written(last_);
          return true;
        }
        put(std::move(product));
        ++taken.finds;
      }
    }
    last_ = row.position;
    moved_ = true;
    ++taken.rows;
    return {};
  }

  bool out_of_time() const { return query_.time_max && std::chrono::steady_clock::now() - began_ > *query_.time_max; }

  // The products in the range of that one filter, in the default order; only as many as the page still needs.
  Run rows_of_number() {
    const bool down = query_.order.descending;
    const std::size_t wanted = query_.limit - page_.products.size() + 1;
    if (query_.price.given()) {
      const auto min = low(query_.price), max = high(query_.price);
      return down ? db_.query(BY_RANGE("price", "<", "DESC"), min, max, first_sequence(), wanted)
                  : db_.query(BY_RANGE("price", ">", "ASC"), min, max, first_sequence(), wanted);
    }
    const auto min = low(query_.stock), max = high(query_.stock);
    return down ? db_.query(BY_RANGE("stock", "<", "DESC"), min, max, first_sequence(), wanted)
                : db_.query(BY_RANGE("stock", ">", "ASC"), min, max, first_sequence(), wanted);
  }

  // From after the page before, or from the beginning, in the order of the query.
  Run rows() {
    const bool down = query_.order.descending;
    const auto sequence = first_sequence();
    const auto key = first_key();
    switch (query_.order.by) {
      case ProductKey::created_at:
        return down ? db_.query(BY_PLACE("<", "DESC"), sequence) : db_.query(BY_PLACE(">", "ASC"), sequence);
      case ProductKey::price:
        return down ? db_.query(BY_INDEX("price", "<", "DESC"), key, sequence)
                    : db_.query(BY_INDEX("price", ">", "ASC"), key, sequence);
      case ProductKey::stock:
        return down ? db_.query(BY_INDEX("stock", "<", "DESC"), key, sequence)
                    : db_.query(BY_INDEX("stock", ">", "ASC"), key, sequence);
      case ProductKey::updated_at:
        return down ? db_.query(BY_INDEX("updated_at", "<", "DESC"), key, sequence)
                    : db_.query(BY_INDEX("updated_at", ">", "ASC"), key, sequence);
      case ProductKey::name:
        break;
    }
    if (after_) {
      return down ? db_.query(BY_NAME("<", "DESC"), after_->name, sequence)
                  : db_.query(BY_NAME(">", "ASC"), after_->name, sequence);
    }
    static constexpr std::array<std::uint8_t, 1> kAfterAll{};  // a blob is greater than any text
    return down ? db_.query(BY_NAME("<", "DESC"), ByteView(kAfterAll), sequence)
                : db_.query(BY_NAME(">", "ASC"), std::string_view(), sequence);
  }

  std::int64_t first_sequence() const {
    return after_ ? after_->sequence : query_.order.descending ? kHighest : kLowest;
  }
  std::int64_t first_key() const {
    if (after_) return after_->key;
    const bool down = query_.order.descending;
    if (bounds() == nullptr) return down ? kHighest : kLowest;
    return down ? high(*bounds()) : low(*bounds());
  }

  Database& db_;
  const model::ProductText& text_;
  const ProductQuery& query_;
  // In FTS5's query language: strings side by side must all occur, * makes one a prefix. Words hold no quotes.
  std::string match_others_;  // all words but the last
  std::string match_all_;     // all words, the last one cut to a listed prefix
  bool match_is_exact_ = false, prefix_is_listed_ = false;
  const SteadyTime began_;
  std::optional<SteadyTime> until_;  // of what uses indexes
  std::optional<Position> after_;
  Position last_;                          // of the rows taken, or passed over
  bool moved_ = false;                     // `last_` is set
  bool words_known_ = false;               // to fit: by the index
  const bool by_words_;                    // the query has words
  bool not_indexed_known_ = false;         // the next one is filled
  std::vector<std::int64_t> not_indexed_;  // sequence numbers of products that fit the words and are not in that index
  model::ProductPage page_;
  std::size_t bytes_ = 0;  // of the products in it
};

}  // namespace

model::ProductPage search(Database& db, const model::ProductText& text, const ProductQuery& query) {
  return Search(db, text, query).run();
}

}  // namespace integrity::store::sqlite
