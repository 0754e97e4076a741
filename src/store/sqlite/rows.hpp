// Products and changes as rows, which are stored otherwise than store/members.hpp says.
#pragma once
#include "store/sqlite/statements.hpp"

// Of products p.
#define PRODUCT_COLUMNS \
  "p.id, p.sku, p.name, p.description, p.price, p.currency, p.stock, p.version, p.created_at, p.updated_at"

namespace integrity::store::sqlite {

model::Product take_product(Run& row);

// Of changes, with one column more: what a product was afterwards is in the change after it
// (migrations/006_history_and_words_later.sql). NULL equals nothing, so of other records there is no such change.
template <Literal rest>
inline constexpr Sql select_changes =
    select_from<model::Change, rest,
                ", (SELECT next.before FROM changes next WHERE next.product = changes.product"
                " AND next.revision = changes.revision + 1)">;
// May ask the database for the product that the change was about: both must be of one state.
model::Change take_change(Database& db, Run& row);

// Of a product, with what it replaced (empty for none) instead of what it made, which is in the product's own row, and of
// which only the checksum is stored. `sequence` is that of the product (`sequence_of`).
void insert_product_change(Database& db, const model::Change& change, std::int64_t sequence, std::string_view before);

// What changes.checksum holds of a state; nothing where a change has deleted the product.
std::optional<std::int64_t> checksum_of_state(std::string_view after);

std::optional<model::Product> product(Database& db, const ProductId& id);
// By which the changes of a product are found, those of a deleted one too: migrations/008_….
std::optional<std::int64_t> sequence_of(Database& db, const ProductId& id);

}  // namespace integrity::store::sqlite
