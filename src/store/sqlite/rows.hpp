// Model values taken from a row, in the order of the column lists that reader.cpp selects.
#pragma once
#include "store/sqlite/db.hpp"
#include "store/words.hpp"

// Of products p.
#define PRODUCT_COLUMNS \
  "p.id, p.sku, p.name, p.description, p.price, p.currency, p.stock, p.version, p.created_at, p.updated_at"

namespace integrity::store::sqlite {

model::Product take_product(Run& row);
model::User take_user(Run& row);
model::Challenge take_challenge(Run& row);
model::FactorCounters take_factor_counters(Run& row);
model::Session take_session(Run& row);
model::Change take_change(Run& row);

}  // namespace integrity::store::sqlite
