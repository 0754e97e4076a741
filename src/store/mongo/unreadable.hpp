// Documents that cannot be read: put there by hand, past their validator. A list leaves them out and names them in the
// log; whoever asks for one of them alone gets the error.
#pragma once
#include <optional>

#include "store/mongo/bson.hpp"
#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {

// At most once a minute for each document.
void log_unreadable(Name collection, const Unreadable& why);

// Nothing, and a line in the log, where `take` cannot read the document.
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
