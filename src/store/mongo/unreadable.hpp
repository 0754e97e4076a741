// Documents that cannot be read: somebody wrote them past their validator. A list leaves them out and logs them; a read
// of one of them alone throws.
#pragma once
#include <optional>

#include "store/mongo/bson.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {

// At most once a minute for each document.
void log_unreadable(Name collection, const Unreadable& why);

// Where `take` cannot read the document, logs that and returns nothing.
template <class Take>
auto unless_unreadable(Name collection, View view, Take take) -> std::optional<decltype(take(view))> {
  try {
    return take(view);
  } catch (const Unreadable& why) {
    log_unreadable(collection, why);
    return {};
  }
}

}  // namespace integrity::store::mongo
