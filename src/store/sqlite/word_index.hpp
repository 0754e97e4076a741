// The index of words (migrations/002_search.sql): which products have a word.
//
// One transaction for the words of many products costs a third of one for each commit. So the words of new products are
// indexed after their commit, many together (writer.cpp). Which products are missing is in the database itself: those
// whose creation has a number above `word_index.through`. So a crash loses nothing, and what undoes a transaction undoes
// this as well. A search reads the missing products one after the other (search.cpp): they are few.
//
// Products that are in the index are kept up to date in the transaction that changes them.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

std::int64_t words_through(Database& db);
void set_words_through(Database& db, std::int64_t number);

// For any connection, inside a read transaction: the sequence numbers of the products that are not in the index, ascending.
std::vector<std::int64_t> products_without_words(Database& db);

// Of the texts that words are taken from: a measure of the work. Their words may come to four times as many bytes.
std::size_t text_bytes(const model::Product& product);

// In a transaction of the writer: adds products created after the change `through`, in the order of their creation, until
// their texts have come to `bytes_max`. Gives the number of the last change that was read; nothing where none is left.
std::optional<std::int64_t> add_missing_words(Database& db, const model::ProductText& text, std::int64_t through,
                                              std::size_t bytes_max);

// `words` are separated by spaces.
void add_words(Database& db, std::int64_t sequence, std::string_view words);
// The index keeps no texts: `words` must be those that were added.
void remove_words(Database& db, std::int64_t sequence, std::string_view words);

// Whether the index has the product of this sequence number, which exists or was just deleted.
bool has_words(Database& db, std::int64_t sequence, std::int64_t through);

}  // namespace integrity::store::sqlite
