#include "store/mongo/search.hpp"

#include <algorithm>
#include <limits>

#include "store/mongo/codec.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/schema.hpp"
#include "store/mongo/unreadable.hpp"
#include "store/position.hpp"

// Three ways, depending on the query:
//  1. An order, alone or with a range of its own key: a run of the index of that order, from one bound to the other.
//  2. Filters besides the order: the server chooses the index that finds most quickly; it tries several.
//  3. Where that took longer than half of the time: the index of the order in stretches, dropping what does not match.
//     `next` says how far the walk came, so that every page makes progress.
//
// All commands of a search share its time: each gets what is left of it as maxTimeMS.
namespace integrity::store::mongo {
namespace {

using model::ProductKey;
using model::ProductQuery;
using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// Products in the first stretch of a walk, which always runs; and about how long one stretch should take.
constexpr std::int64_t kStretch = 256;
constexpr milliseconds kStretchTime{8};
// The least time for a stretch, whatever is left: more than a stretch needs, unless the server has stopped.
constexpr milliseconds kStretchTimeMax{1000};

// Where a page is bounded in bytes: products in the first batch, before their length is known. Later batches have as
// many as still fit.
constexpr std::int64_t kBatch = 16;

// The projection of products: their words may be longer than everything else.
Doc without_words() {
  return Doc("words", 0);
}

Doc bounds_of(const model::Range& range, bool money) {
  Doc bounds;
  if (range.min) money ? bounds.add("$gte", Money{*range.min}) : bounds.add("$gte", *range.min);
  if (range.max) money ? bounds.add("$lte", Money{*range.max}) : bounds.add("$lte", *range.max);
  return bounds;
}

// An order as indexes, sorts and bounds of the database.
class Order {
 public:
  explicit Order(model::ProductOrder order) : by_(order.by), descending_(order.descending) {}

  bool by_sequence() const { return by_ == ProductKey::created_at; }
  bool descending() const { return descending_; }
  Doc index() const { return keyed(1); }
  Doc sort() const { return keyed(descending_ ? -1 : 1); }
  Doc projection() const { return keyed(1).add("_id", 0); }

  Position position_of(View view) const {
    Position position{.sequence = view.take<std::int64_t>("place")};
    switch (by_) {
      case ProductKey::created_at:
        break;
      case ProductKey::name:
        position.name = view.take<std::string>("name_key");
        break;
      case ProductKey::price:
        position.key = view.take<Money>("price").units;
        break;
      case ProductKey::stock:
        position.key = view.take<std::int64_t>("stock");
        break;
      case ProductKey::updated_at:
        position.key = to_millis(view.take<Time>("updated_at"));
        break;
    }
    return position;
  }

  // A bound of the index at a position, or before or after all sequence numbers of its key.
  template <class Place>
  Doc bound(const Position& at, Place sequence) const {
    Doc bound;
    add_key(bound, at, [](const auto& value) { return value; });
    return bound.add("place", sequence);
  }

  // A filter for everything after the position.
  Doc after(const Position& at) const {
    const auto beyond = [this](const auto& value) { return descending_ ? Doc("$lt", value) : Doc("$gt", value); };
    if (by_sequence()) return Doc("place", beyond(at.sequence));
    Doc later, equal;
    add_key(later, at, beyond);
    add_key(equal, at, [](const auto& value) { return value; });
    equal.add("place", beyond(at.sequence));
    return Doc("$or", Array().add(later).add(equal));
  }

 private:
  Doc keyed(int direction) const {
    switch (by_) {
      case ProductKey::created_at:
        return Doc("place", direction);
      case ProductKey::name:
        return Doc("name_key", direction, "place", direction);
      case ProductKey::price:
        return Doc("price", direction, "place", direction);
      case ProductKey::stock:
        return Doc("stock", direction, "place", direction);
      case ProductKey::updated_at:
        return Doc("updated_at", direction, "place", direction);
    }
    throw Broken("an unknown order");
  }
  template <class Wrap>
  void add_key(Doc& to, const Position& at, Wrap wrap) const {
    switch (by_) {
      case ProductKey::created_at:
        break;
      case ProductKey::name:
        to.add("name_key", wrap(at.name));
        break;
      case ProductKey::price:
        to.add("price", wrap(Money{at.key}));
        break;
      case ProductKey::stock:
        to.add("stock", wrap(at.key));
        break;
      case ProductKey::updated_at:
        to.add("updated_at", wrap(from_millis(at.key)));
        break;
    }
  }

  ProductKey by_;
  bool descending_;
};

// A run of the index of an order: from `min` (included) to `max` (excluded).
struct Run {
  std::optional<Doc> min, max;

  void add_to(Doc& options) const {
    if (min) options.add("min", *min);
    if (max) options.add("max", *max);
  }
};

class Search {
 public:
  // `only`: a filter besides those of the query.
  Search(Connection& connection, const ProductQuery& query, Doc only = {})
      : connection_(connection),
        query_(query),
        only_(std::move(only)),
        order_(query.order),
        began_(std::chrono::steady_clock::now()) {
    if (!query.after.empty()) after_ = read_position(query.after);
  }

  model::ProductPage run() {
    if (query_.limit == 0 || is_empty(query_.price) || is_empty(query_.stock)) return {};
    if (bounds() != nullptr && after_ && !bounds()->has(after_->key)) return {};
    if (!has_other_filters()) {
      take(find_in(run_of_order({}), {}, {}));
    } else if (!take_by_any_index()) {
      walk();
    }
    return std::move(page_);
  }

  bool met_unreadable() const { return met_unreadable_; }

 private:
  static bool is_empty(const model::Range& range) { return range.min && range.max && *range.min > *range.max; }

  // The range of the key in the order, if it is one of the filters.
  const model::Range* bounds() const {
    if (query_.order.by == ProductKey::price) return &query_.price;
    if (query_.order.by == ProductKey::stock) return &query_.stock;
    return nullptr;
  }

  bool has_other_filters() const {
    return query_.sku || !query_.words.empty() || (query_.price.given() && bounds() != &query_.price) ||
           (query_.stock.given() && bounds() != &query_.stock);
  }

  Array filters() const {
    Array all;
    if (query_.sku) all.add(Doc("sku", *query_.sku));
    if (query_.price.given()) all.add(Doc("price", bounds_of(query_.price, true)));
    if (query_.stock.given()) all.add(Doc("stock", bounds_of(query_.stock, false)));
    for (std::size_t i = 0; i + 1 < query_.words.size(); ++i) all.add(Doc("words", query_.words[i]));
    if (!query_.words.empty()) all.add(Doc("words", BeginsWith{query_.words.back()}));
    return all;
  }

  // From the end of the previous page, or the beginning, to `last`, or the end.
  Run run_of_order(const std::optional<Position>& last) const {
    Run run;
    const bool down = order_.descending();
    const auto* range = bounds();
    if (range != nullptr && range->min) run.min = order_.bound(Position{.key = *range->min}, Lowest());
    if (range != nullptr && range->max) run.max = order_.bound(Position{.key = *range->max}, Highest());
    if (after_) (down ? run.max : run.min) = order_.bound(*after_, after_->sequence + (down ? 0 : 1));
    if (last) (down ? run.min : run.max) = order_.bound(*last, last->sequence + (down ? 0 : 1));
    return run;
  }

  std::int64_t wanted() const {  // and one more, which shows whether there is a next page
    constexpr std::size_t max = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int64_t>(std::min(query_.limit - page_.products.size(), max - 1)) + 1;
  }

  Cursor find_in(const Run& run, const Array& filters, Doc options) const {
    options.add("hint", order_.index(), "sort", order_.sort(), "limit", wanted(), "projection", without_words());
    run.add_to(options);
    add_batch(options);
    Array all = filters;
    if (!only_.empty()) all.add(only_);
    return connection_.find(in::products, all.empty() ? Doc() : Doc("$and", all), options);
  }

  bool bounded() const { return query_.bytes_max < std::numeric_limits<std::size_t>::max(); }
  void add_batch(Doc& options) const {
    if (bounded()) options.add("batchSize", kBatch);
  }

  // How many more products, of the mean length so far, reach `bytes_max`.
  std::uint32_t left_about() const {
    const auto left = query_.bytes_max - std::min(bytes_, query_.bytes_max);
    return static_cast<std::uint32_t>(1 + std::min<std::size_t>(left * page_.products.size() / bytes_, 1000));
  }

  bool full() const {
    return page_.products.size() == query_.limit || (!page_.products.empty() && bytes_ >= query_.bytes_max);
  }

  // True: the page is full and `next` is set.
  bool take(Cursor found) {
    while (found.next()) {
      if (full()) {
        page_.next = written(last_);
        return true;
      }
      auto product = unless_unreadable(in::products, found.view(), take_product);
      met_unreadable_ = met_unreadable_ || !product;
      if (!product) continue;
      page_.products.push_back(std::move(*product));
      bytes_ += model::bytes_about(page_.products.back());
      last_ = order_.position_of(found.view());
      if (bounded()) found.set_batch(left_about());
    }
    return false;
  }

  // False where it takes too long. A command that runs out of time ends its transaction, so in one a search has no
  // limit.
  bool take_by_any_index() {
    Doc options("sort", order_.sort(), "limit", wanted(), "projection", without_words(), "allowDiskUse", true);
    if (query_.time_max && !connection_.in_transaction()) {
      if (query_.time_max->count() < 2) return false;
      options.add("maxTimeMS", static_cast<std::int64_t>(query_.time_max->count() / 2));
    }
    add_batch(options);
    Array all = filters();
    if (after_) all.add(order_.after(*after_));
    if (!only_.empty()) all.add(only_);
    try {
      take(connection_.find(in::products, Doc("$and", all), options));
      return true;
    } catch (const Trouble& trouble) {
      if (trouble.kind != Kind::out_of_time) throw;
      page_ = {};
      bytes_ = 0;
      return false;
    }
  }

  void walk() {
    const Array all = filters();
    for (std::int64_t stretch = kStretch;;) {
      const auto began = std::chrono::steady_clock::now();
      const auto last = end_of_stretch(stretch);
      Doc options;
      add_time(options);
      if (take(find_in(run_of_order(last), all, std::move(options))) || !last) return;
      after_ = last;
      if (out_of_time()) {
        page_.next = written(*last);
        return;
      }
      if (std::chrono::steady_clock::now() - began < kStretchTime) stretch *= 2;
    }
  }

  // The position of the last product of the next stretch; nothing where the index ends before that. Reads only the
  // index.
  std::optional<Position> end_of_stretch(std::int64_t stretch) const {
    Doc options("hint", order_.index(), "sort", order_.sort(), "projection", order_.projection(), "skip", stretch - 1);
    run_of_order({}).add_to(options);
    add_time(options);
    const auto found = connection_.first(in::products, only_, options);
    if (!found) return {};
    return order_.position_of(View(*found));
  }

  void add_time(Doc& options) const {
    if (!query_.time_max || connection_.in_transaction()) return;
    const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
    const auto left = std::max(*query_.time_max - passed, kStretchTimeMax);
    options.add("maxTimeMS", static_cast<std::int64_t>(std::min(left, Connection::request_time_max).count()));
  }

  bool out_of_time() const { return query_.time_max && std::chrono::steady_clock::now() - began_ > *query_.time_max; }

  Connection& connection_;
  const ProductQuery& query_;
  const Doc only_;
  const Order order_;
  const SteadyTime began_;
  std::optional<Position> after_;
  Position last_;  // of the last product in the page
  model::ProductPage page_;
  std::size_t bytes_ = 0;  // of the products in it
  bool met_unreadable_ = false;
};

}  // namespace

// Where a document cannot be read, the page is made again from readable ones only: a page that is merely shorter would
// end the list.
model::ProductPage search(Connection& connection, const ProductQuery& query) {
  try {
    Search all(connection, query);
    auto page = all.run();
    if (!all.met_unreadable()) return page;
  } catch (const Unreadable& why) {  // at the end of a stretch
    log_unreadable(in::products, why);
  }
  return Search(connection, query, readable(in::products)).run();
}

}  // namespace integrity::store::mongo
