#include "store/sqlite/history.hpp"

#include <limits>

#include "store/history.hpp"
#include "store/sqlite/rows.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::size_t kBetweenClocks = 64;  // rows

// Of the columns of a change only what a query looks at: the rest costs other rows.
model::Change take_head(Run& row) {
  model::Change change;
  change.number = row.take<std::int64_t>();
  change.kind = row.take<model::RecordKind>();
  change.record = row.take<RecordId>();
  change.attribution.actor = row.take<std::optional<UserId>>();
  change.account = row.take<std::optional<UserId>>();
  return change;
}

#define HEAD "SELECT number, kind, record, actor, account FROM changes WHERE "
#define IN_RANGE " number >= ? AND number < ? ORDER BY "

// By the index that leaves the fewest rows; without any, all changes.
Run walk(Database& db, const model::ChangeQuery& query, const NumberRange& range) {
  const bool other_kind = query.kind && *query.kind != model::RecordKind::product;
  if (query.record) {
    const auto product = other_kind ? std::nullopt : sequence_of(db, ProductId{query.record->bytes});
    if (product) return db.query(HEAD "product = ? AND" IN_RANGE "revision DESC", *product, range.low, range.high);
    return db.query(HEAD "product IS NULL AND record = ? AND" IN_RANGE "number DESC", *query.record, range.low,
                    range.high);
  }
  if (query.account)
    return db.query(HEAD "account = ? AND" IN_RANGE "number DESC", *query.account, range.low, range.high);
  if (other_kind) {
    return db.query(HEAD "product IS NULL AND kind = ? AND" IN_RANGE "number DESC", *query.kind, range.low, range.high);
  }
  return db.query(HEAD IN_RANGE "number DESC", range.low, range.high);
}

// A change of a product holds what it replaced, unless an older program wrote it.
std::string replaced_by(Database& db, const model::Change& change) {
  if (change.revision == 1) return {};
  auto row =
      change.kind == model::RecordKind::product
          ? db.query(
                "SELECT coalesce(c.before, p.after) FROM changes c LEFT JOIN changes p"
                " ON p.product = c.product AND p.revision = c.revision - 1 WHERE c.number = ?",
                change.number)
          : db.query("SELECT after FROM changes WHERE product IS NULL AND record = ? AND revision = ? AND kind = ?",
                     change.record, change.revision - 1, change.kind);
  return row.next() ? row.take<std::optional<std::string>>().value_or("") : "";
}

model::Change whole(Database& db, std::int64_t number) {
  model::Change change = [&] {
    auto row = db.query(select_changes<"WHERE number = ?">, number);
    row.next();
    return take_change(db, row);
  }();
  change.before = replaced_by(db, change);
  return change;
}

Time time_of(Database& db, std::int64_t number) {
  auto row = db.query("SELECT at FROM changes WHERE number = ?", number);
  if (!row.next()) throw Failure(SQLITE_CORRUPT, "the history lacks change " + std::to_string(number));
  return row.take<Time>();
}

std::int64_t last_number(Database& db) {
  auto row = db.query("SELECT coalesce(max(number), 0) FROM changes");
  row.next();
  return row.take<std::int64_t>();
}

}  // namespace

model::ChangePage find_changes(Database& db, const model::ChangeQuery& query) {
  const OneState state(db);
  const auto range = number_range(query, last_number(db), [&](std::int64_t number) { return time_of(db, number); });
  ChangePageBuilder page(query);
  std::int64_t last_added = range.high;
  std::size_t rows = 0;
  for (auto row = walk(db, query, range); row.next();) {
    const auto head = take_head(row);
    if (fits(query, head)) {
      if (!page.has_room()) return page.continued_below(last_added);
      page.add(whole(db, head.number));
      last_added = head.number;
    }
    if (++rows % kBetweenClocks == 0 && page.out_of_time()) return page.continued_below(head.number);
  }
  return page.whole();
}

}  // namespace integrity::store::sqlite
