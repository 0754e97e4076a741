// Lists of products: which index a query walks, and what it reads on the way.
//
// A search walks the requested order and drops what does not fit. Where few products can fit at all, these are fetched and
// sorted instead. So a query is slow only where many products fit one of its filters and few of those fit the rest.
// Products whose words are not indexed yet (word_index.hpp) are read one after the other and merged in: there are few.
#pragma once
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// Every statement runs inside the first one's read transaction, so a page shows one state.
model::ProductPage search(Database& db, const model::ProductText& text, const model::ProductQuery& query);

}  // namespace integrity::store::sqlite
