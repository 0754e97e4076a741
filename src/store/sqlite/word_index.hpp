// The index of words (migrations/002_search.sql): which products have a word.
//
// Writing it at each commit costs as much as everything else that a new product writes, and a third of that for two
// thousand products at once. So new products are left out until enough of them have come or somebody searches
// (writer.cpp). Which ones are missing is in the database itself: those whose creation has a number above
// `word_index.through`. So a crash loses nothing, and what undoes a transaction undoes this as well.
//
// Products that are in the index are kept up to date at once. All this is for the writer's connection, in a transaction.
#pragma once
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// For any connection: whether the state that it sees has products that are not in the index.
bool words_are_missing(Database& db);

std::int64_t words_through(Database& db);
void set_words_through(Database& db, std::int64_t number);

// Adds the products created after the change `through`.
void add_missing_words(Database& db, const model::ProductText& text, std::int64_t through);

void add_words(Database& db, std::int64_t sequence, const std::vector<std::string>& words);
// The index keeps no texts, so it has to be told again what is taken out of it.
void remove_words(Database& db, std::int64_t sequence, const std::vector<std::string>& words);

// Whether the index has this product, which exists or was just deleted.
bool has_words(Database& db, const ProductId& id, std::int64_t through);

}  // namespace integrity::store::sqlite
