// The User-Agent of a request, as lists of sessions show it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace integrity::api {

inline constexpr std::size_t user_agent_code_points_max = 200;

// Without control characters, with U+FFFD for each byte that is not UTF-8, and cut. Nothing where nothing was sent.
std::optional<std::string> shown_user_agent(std::optional<std::string_view> header);

}  // namespace integrity::api
