// If-Match and If-None-Match (RFC 9110 §13.1): lists of entity tags, or "*".
//
//   INTEGRITY_TRY(auto wanted, parse_etags(*request.header("if-match")));
//   if (!wanted.matches_strongly(version)) return precondition_failed();
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

  // `current` is what stands between the quotes of the record's ETag. "*" matches every record that
  // exists.
  bool matches_strongly(std::string_view current) const;  // If-Match: weak tags never do
  bool matches_weakly(std::string_view current) const;    // If-None-Match
};

// Errors: bad_request for whatever is not a list of entity tags, an empty one included.
Result<EntityTags> parse_etags(std::string_view value);

}  // namespace integrity::http
