// Content negotiation by Accept (RFC 9110 §12.5.1).
//
//   constexpr std::array<std::string_view, 2> offered{"image/png", "text/plain"};   // in order of
//   preference negotiate(request.header("accept"), offered)   // index of the one to send, or
//   nothing: 406
//
// The most specific range that fits an offer gives its weight; the greatest weight wins, the
// earlier offer among equals. Ranges that cannot be read, or ask for parameters other than
// charset=utf-8, fit nothing.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace integrity::http {

std::optional<std::size_t> negotiate(std::optional<std::string_view> accept, std::span<const std::string_view> offered);

}  // namespace integrity::http
