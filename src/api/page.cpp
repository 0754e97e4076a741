#include "api/page.hpp"

#include <algorithm>

#include "base/percent.hpp"
#include "http/query.hpp"

namespace integrity::api {
namespace {

FieldError wrong_cursor(std::string why) {
  return {FieldError::In::query, "cursor", std::move(why)};
}

// Names the list of a request for its cursors: "/products?min_price=1&sort=name&", its parameters sorted by name.
std::string list_of(const http::Request& request) {
  std::string list = std::string(request.path) + '?';
  auto parameters = http::parse_query(request.query);
  if (!parameters) return list;
  std::sort(parameters->begin(), parameters->end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& [name, value] : *parameters) {
    if (name == "limit" || name == "cursor") continue;
    list += percent_encode(name) + '=' + percent_encode(value) + '&';
  }
  return list;
}

}  // namespace

void check_cursor(const Context& context, const json::Value& query, std::vector<FieldError>& errors) {
  const auto* cursor = query.find("cursor");
  if (cursor == nullptr || cursor->text.size() > page_cursor.max) return;
  if (!read_cursor(context.services.cursor_key, cursor->text)) {
    errors.push_back(wrong_cursor("is not one that this server gave"));
  }
}

Result<std::string> position_of(const Context& context, const std::optional<std::string>& cursor) {
  if (!cursor) return std::string();
  auto read = unverified(*cursor);
  if (read && read->of(list_of(context.request))) return std::move(read->position);
  return Error{Code::invalid_value,
               "a value is not acceptable: see errors",
               {wrong_cursor("is of another list: follow the Link as it is, or begin again without it")}};
}

std::pair<std::string_view, std::string> next_link(const Context& context, std::size_t limit,
                                                   std::string_view position) {
  const std::string list = list_of(context.request);
  const std::string cursor = write_cursor(context.services.cursor_key, list, position);
  return {"Link", '<' + list + "limit=" + std::to_string(limit) + "&cursor=" + cursor + R"(>; rel="next")"};
}

}  // namespace integrity::api
