// What all lists with pages share: the parameters, the cursor, the Link to the next page.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/call.hpp"
#include "api/cursor.hpp"
#include "schema/object.hpp"

namespace integrity::api {

inline constexpr schema::Integer page_limit{1, 1000};
inline constexpr std::int64_t page_limit_default = 100;  // where only a cursor is given
inline constexpr schema::Opaque page_cursor{4096};       // a position can contain a whole name
inline constexpr std::string_view page_limit_about = "Records a page; 100 where only a cursor is given.";
inline constexpr std::string_view page_cursor_about = "From a `Link`; opaque.";

// Reports a `cursor` that this server did not sign.
void check_cursor(const Context& context, const json::Value& query, std::vector<FieldError>& errors);

// The position in a cursor that check_cursor has accepted; empty where there is none. Error: invalid_value for a cursor
// of another list, which is one with another path or other parameters than limit and cursor.
Result<std::string> position_of(const Context& context, const std::optional<std::string>& cursor);

// The header `Link: </path?…&limit=2&cursor=…>; rel="next"` (RFC 8288).
std::pair<std::string_view, std::string> next_link(const Context& context, std::size_t limit,
                                                   std::string_view position);

}  // namespace integrity::api
