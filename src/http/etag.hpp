// If-Match and If-None-Match (RFC 9110 §13.1): lists of entity tags, or "*".
//
//   INTEGRITY_TRY(auto wanted, parse_etags(value));   // wanted.any, wanted.tags[0].opaque, .weak
//
// Views point into the header's value.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace integrity::http {

struct EntityTag {
  std::string_view opaque;  // without quotes
  bool weak = false;
};

struct EntityTags {
  bool any = false;  // "*"
  std::vector<EntityTag> tags;
};

// Errors: bad_request for anything but a list of entity tags, and for an empty list.
Result<EntityTags> parse_etags(std::string_view value);

}  // namespace integrity::http
