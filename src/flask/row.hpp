// A document of the old database, as far as the types of its values matter here.
#pragma once
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/id.hpp"
#include "base/time.hpp"

namespace integrity::flask {

struct Digits {  // a decimal128, as text
  std::string text;
};
struct Other {};  // any type that the import never uses

// The first one stands for null.
using Value =
    std::variant<std::monostate, bool, std::int64_t, double, Digits, std::string, Bytes, Time, RecordId, Other>;
using Row = std::vector<std::pair<std::string, Value>>;

}  // namespace integrity::flask
