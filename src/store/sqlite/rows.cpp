#include "store/sqlite/rows.hpp"

#include "base/checksum.hpp"

namespace integrity::store::sqlite {
// In braces, so that the columns are taken in the order written.
model::Product take_product(Run& row) {
  return {.id = row.take<ProductId>(),
          .sku = row.take<std::optional<std::string>>(),
          .name = row.take<std::string>(),
          .description = row.take<std::optional<std::string>>(),
          .price = Money{row.take<std::int64_t>()},
          .currency = row.take<std::string>(),
          .stock = row.take<std::int64_t>(),
          .version = row.take<std::int64_t>(),
          .created_at = row.take<Time>(),
          .updated_at = row.take<Time>()};
}

model::Change take_change(Database& db, Run& row) {
  auto change = take<model::Change>(row);
  auto replaced = row.take<std::optional<std::string>>();
  if (!change.after.empty() || change.kind != model::RecordKind::product) return change;
  change.after = std::move(replaced).value_or("");
  if (!change.after.empty()) return change;
  // The newest change of its product, which may have deleted it.
  const auto now = product(db, ProductId{change.record.bytes});
  if (now && now->version == change.revision) append_json(change.after, *now);
  return change;
}

std::optional<std::int64_t> checksum_of_state(std::string_view after) {
  if (after.empty()) return {};
  return static_cast<std::int64_t>(checksum(after));
}

std::optional<model::Product> product(Database& db, const ProductId& id) {
  auto row = db.query("SELECT " PRODUCT_COLUMNS " FROM products p WHERE id = ?", id);
  if (!row.next()) return {};
  return take_product(row);
}

std::optional<std::int64_t> sequence_of(Database& db, const ProductId& id) {
  for (const Sql sql :
       {Sql("SELECT place FROM products WHERE id = ?"), Sql("SELECT place FROM deleted_products WHERE id = ?")}) {
    auto row = db.query(sql, id);
    if (row.next()) return row.take<std::int64_t>();
  }
  return {};
}

void insert_product_change(Database& db, const model::Change& change, std::int64_t sequence, std::string_view before) {
  const model::Change stored{.number = change.number,
                             .at = change.at,
                             .kind = change.kind,
                             .record = change.record,
                             .revision = change.revision,
                             .op = change.op,
                             .attribution = change.attribution,
                             .account = change.account,
                             .after = {}};
  run_with(db, insert_into<model::Change, ", product, before, checksum", ", ?, ?, ?">, stored, sequence,
           before.empty() ? std::nullopt : std::optional(before), checksum_of_state(change.after));
}

}  // namespace integrity::store::sqlite
