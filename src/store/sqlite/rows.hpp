// Between rows and model values: the words of enumerations, and values taken from a row in the
// order of the column lists that reader.cpp selects.
#pragma once
#include "store/sqlite/db.hpp"

// Of products p.
#define PRODUCT_COLUMNS \
  "p.id, p.sku, p.name, p.description, p.price, p.currency, p.stock, p.version, p.created_at, p.updated_at"

namespace integrity::store::sqlite {

std::string_view word(model::UserState state);
std::string_view word(model::Challenge::Next next);
std::string_view word(model::SecondFactor factor);
std::string_view word(model::RecordKind kind);
std::string_view word(model::Act::Proof proof);

model::Product take_product(Run& row);
model::User take_user(Run& row);
model::Challenge take_challenge(Run& row);
model::FactorCounters take_factor_counters(Run& row);
model::Session take_session(Run& row);
model::Change take_change(Run& row);

}  // namespace integrity::store::sqlite
