#include "http/query.hpp"

#include "base/percent.hpp"
#include "http/ascii.hpp"

namespace integrity::http {

Result<std::vector<QueryParameter>> parse_query(std::string_view query) {
  std::vector<QueryParameter> parameters;
  Error error{Code::invalid_value, "a query parameter is not acceptable: see errors"};
  while (!query.empty()) {
    auto value = take_until(query, '&');
    if (value.empty()) continue;
    const auto sent_name = take_until(value, '=');
    auto name = percent_decode(sent_name, Plus::is_space);
    auto decoded = percent_decode(value, Plus::is_space);
    if (name && decoded) {
      parameters.push_back({std::move(*name), std::move(*decoded)});
    } else {
      error.fields.push_back(
          {FieldError::In::query, name ? *name : std::string(sent_name), "is not percent-encoded UTF-8"});
    }
  }
  if (!error.fields.empty()) return error;
  return parameters;
}

}  // namespace integrity::http
