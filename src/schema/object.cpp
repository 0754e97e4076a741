#include "schema/object.hpp"

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

void Description::add(std::string_view name, const std::string& schema, bool must) {
  if (!properties.empty()) properties += ',';
  properties += json::quoted(name) + ':' + schema;
  if (!must) return;
  if (!required.empty()) required += ',';
  required += json::quoted(name);
}

std::string Description::text() const {
  std::string out = R"({"type":"object","additionalProperties":false,"properties":{)" + properties + '}';
  if (!required.empty()) out += R"(,"required":[)" + required + ']';
  return out + '}';
}

}  // namespace detail
}  // namespace integrity::schema
