// Lists of products: which index a query walks, and what it looks at on the way.
//
// One walks the order asked for and drops what does not fit. Unless few products can fit at all: then these are fetched
// and sorted. So a query is slow only where many products fit one of its filters and few of those fit the rest.
#pragma once
#include <functional>

#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// Every statement runs inside the first one's read transaction, so a page shows one state. Where the index of words lags
// in that state, `find_all_words` is to bring it up to date; where it does not, products are looked at one after the other.
model::ProductPage search(Database& db, const model::ProductText& text, const model::ProductQuery& query,
                          const std::function<void()>& find_all_words);

}  // namespace integrity::store::sqlite
