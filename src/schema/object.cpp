#include "schema/object.hpp"

#include <stdexcept>

namespace integrity::schema {

std::string json_pointer_escape(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

namespace detail {

std::string or_null(std::string schema) {
  static constexpr std::string_view kType = R"({"type":")";
  if (schema.starts_with(kType)) {
    const auto end = schema.find('"', kType.size());
    schema.insert(end + 1, R"(,"null"])");
    schema.insert(kType.size() - 1, "[");
    return schema;
  }
  return R"({"anyOf":[)" + schema + R"(,{"type":"null"}]})";
}

void Description::add(std::string_view name, std::string schema, std::string_view about, bool must) {
  if (!about.empty()) schema.insert(schema.size() - 1, R"(,"description":)" + json::quoted(about));
  if (!properties.empty()) properties += ',';
  properties += json::quoted(name) + ':' + schema;
  if (!must) return;
  if (!required.empty()) required += ',';
  required += json::quoted(name);
}

std::string Description::text() const {
  std::string out = R"({"type":"object","additionalProperties":false,"properties":{)" + properties + '}';
  if (!required.empty()) out += R"(,"required":[)" + required + ']';
  if (!refinement.empty()) out += ',' + refinement;
  return out + '}';
}

std::string refer_to(std::string_view name, std::string schema, Components& components) {
  const auto [known, is_new] = components.try_emplace(std::string(name), schema);
  if (!is_new && known->second != schema) throw std::logic_error("two schemas are named " + known->first);
  return R"({"$ref":"#/components/schemas/)" + known->first + "\"}";
}

}  // namespace detail
}  // namespace integrity::schema
