// How all rows of each kind are read, for migrations and checks.
#pragma once
#include <algorithm>

#include "store/bulk.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {

// For each kind of row: the collection, which of its documents are rows, their order, and the conversion between a
// document and a row. The documents are like those of the writer.
struct ById {
  static Doc filter() { return {}; }
  static Doc order() { return Doc("_id", 1); }
};

template <class T>
struct Rows : ById {
  static constexpr Name collection = Described<T>::table;
  static T take(View view) { return mongo::take<T>(view); }
  static Doc doc(const T& row, const model::ProductText&) { return to_doc(row); }
};

template <>
struct Rows<RecoveryCodesOf> : ById {
  static constexpr Name collection = in::recovery_codes;
  static Doc filter() {
    return Doc("hashes.0", Doc("$exists", true));
  }  // the document stays after the last code is spent
  static RecoveryCodesOf take(View view) {
    return {.user = view.take<UserId>("_id"), .hashes = view.take<std::vector<model::Digest>>("hashes")};
  }
  static Doc doc(const RecoveryCodesOf& row, const model::ProductText&) {
    Array hashes;
    for (const auto& hash : row.hashes) hashes.add(hash);
    return Doc("_id", row.user, "hashes", hashes);
  }
};

template <>
struct Rows<SequencedProduct> : ById {
  static constexpr Name collection = in::products;
  static Doc order() { return Doc("place", 1); }
  static SequencedProduct take(View view) {
    return {.sequence = view.take<std::int64_t>("place"), .product = take_product(view)};
  }
  static Doc doc(const SequencedProduct& row, const model::ProductText& text) {
    return to_doc(row.product, row.sequence, text);
  }
};

template <>
struct Rows<StoredResponseOf> : ById {
  static constexpr Name collection = in::stored_responses;
  static Doc order() { return Doc("expires_at", 1, "_id", 1); }
  static StoredResponseOf take(View view) {
    const auto id = view.take<StoredResponseId>("_id");
    StoredResponseOf row{.user = view.take<UserId>("user"), .response = take_stored_response(view)};
    std::copy(id.end() - static_cast<std::ptrdiff_t>(row.key.size()), id.end(), row.key.begin());
    return row;
  }
  static Doc doc(const StoredResponseOf& row, const model::ProductText&) {
    return to_doc(row.user, row.key, row.response);
  }
};

}  // namespace integrity::store::mongo
