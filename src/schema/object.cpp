#include "schema/object.hpp"

#include <stdexcept>

#include "base/percent.hpp"

namespace integrity::schema {

std::string pointer_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return percent_encode(token, "!$&'()*+,;=:@?");  // RFC 3986 §3.5: what a fragment may have as it is
}

FieldError unknown_member(FieldError::In in, std::string_view prefix, std::string_view name) {
  constexpr std::size_t shown_bytes_max = 100;
  if (name.size() > shown_bytes_max) return {in, "#", "has a member whose name is longer than any known here"};
  return {in, std::string(prefix) + pointer_token(name), "is not known here"};
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
