// Lists of products in any order, by any filters; search.cpp says which index is walked, and when a search stops.
#pragma once
#include "model/product.hpp"
#include "store/mongo/handles.hpp"

namespace integrity::store::mongo {

// `connection` must see one state, because a search may need several queries.
model::ProductPage search(Connection& connection, const model::ProductQuery& query);

}  // namespace integrity::store::mongo
