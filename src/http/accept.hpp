// Content negotiation by Accept (RFC 9110 §12.5.1).
//
//   constexpr std::array<std::string_view, 2> offered{"image/png", "text/plain"};   // in order of preference
//   negotiate(request.list("accept"), offered)   // index of the one to send, or nothing: 406
//
// The most specific range that fits an offer gives its weight; the greatest weight wins, the earlier offer among equals.
// Parameters other than `q` are ignored, ranges that cannot be read are left out, and a header of nothing else is as if it
// were not there: clients write what their libraries have written for twenty years.
//
// Where there is one offer only, it is sent whatever Accept says, `q=0` included: such a resource is not subject to
// negotiation (§12.4.1), and an answer of another type than the one asked for is more use than 406.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace integrity::http {

std::optional<std::size_t> negotiate(std::optional<std::string_view> accept, std::span<const std::string_view> offered);

}  // namespace integrity::http
