#include "base/json_document.hpp"

#include <stdexcept>

namespace integrity::json {
namespace {

using Kind = Value::Kind;

Value scalar(Kind kind, std::string text) {
  Value value;
  value.kind = kind;
  value.text = std::move(text);
  return value;
}

void append(std::string& out, const Value& value) {
  switch (value.kind) {
    case Kind::null:
      out += "null";
      return;
    case Kind::boolean:
    case Kind::number:
      out += value.text;
      return;
    case Kind::string:
      append_string(out, value.text);
      return;
    case Kind::array:
    case Kind::object:
      break;
  }
  const bool named = value.kind == Kind::object;
  out += named ? '{' : '[';
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out += ',';
    if (named) {
      append_string(out, value.names[i]);
      out += ':';
    }
    append(out, value.items[i]);
  }
  out += named ? '}' : ']';
}

}  // namespace

Value string(std::string_view text) {
  return scalar(Kind::string, std::string(text));
}

Value number(std::int64_t value) {
  return scalar(Kind::number, std::to_string(value));
}

Value boolean(bool value) {
  return scalar(Kind::boolean, value ? "true" : "false");
}

Value array(std::vector<Value> items) {
  Value value;
  value.kind = Kind::array;
  value.items = std::move(items);
  return value;
}

Value strings(const std::vector<std::string_view>& texts) {
  Value list = array();
  for (const auto text : texts) list.items.push_back(string(text));
  return list;
}

Value object(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value value;
  value.kind = Kind::object;
  for (const auto& [name, member] : members) add(value, name, member);
  return value;
}

void add(Value& object, std::string_view name, Value value) {
  if (object.find(name) != nullptr) throw std::logic_error("two members are named " + std::string(name));
  object.names.emplace_back(name);
  object.items.push_back(std::move(value));
}

Value literal(std::string_view text) {
  auto value = parse(text);
  if (!value) throw std::logic_error("not JSON: " + std::string(text));
  return std::move(*value);
}

std::string serialize(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace integrity::json
