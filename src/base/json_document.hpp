// JSON documents that the program makes: built as values, serialised at the end. (json.hpp reads what others send.)
//
//   json::Value schema = json::object({{"type", json::string("integer")}, {"minimum", json::number(1)}});
//   std::string text = json::serialize(schema);
//
// For documents made once, like descriptions. What is written for every request (products, problems) appends its text.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace integrity::json {

Value string(std::string_view text);  // valid UTF-8
Value number(std::int64_t value);
Value boolean(bool value);
Value array(std::vector<Value> items = {});
Value strings(const std::vector<std::string_view>& texts);
Value object(std::initializer_list<std::pair<std::string_view, Value>> members = {});

// Adds a member at the end of an object that has none of this name.
void add(Value& object, std::string_view name, Value value);

// JSON in a string literal of the source code. Throws std::logic_error when it is not JSON.
Value literal(std::string_view text);

// Without white space; members in their order, numbers with the digits that they were read or made with.
std::string serialize(const Value& value);

}  // namespace integrity::json
