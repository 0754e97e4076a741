// The query of a request as names and values, in order, repeated names included.
//
//   parse_query("q=red+lamp&limit=5")   // {{"q", "red lamp"}, {"limit", "5"}}
//
// A name without '=' has an empty value; empty pieces ("a=1&&b=2") are ignored. Parameters that cannot be decoded give
// invalid_value, with a field error for each of them under its name as it was sent.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace integrity::http {

struct QueryParameter {
  std::string name;
  std::string value;
  bool operator==(const QueryParameter&) const = default;
};

Result<std::vector<QueryParameter>> parse_query(std::string_view query);

}  // namespace integrity::http
