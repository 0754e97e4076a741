// Content negotiation by Accept (RFC 9110 §12.5.1).
//
//   constexpr std::array<std::string_view, 2> offered{"image/png", "text/plain"};   // in order of preference
//   negotiate(request.list("accept"), offered)   // index of the one to send, or nothing: 406
//
// The most specific range that fits an offer gives its weight; the greatest weight wins, the earlier offer among
// equals. Parameters other than `q` and ranges that cannot be read are ignored, and so is a header without a readable
// range: the header is written by libraries, some of them twenty years old.
//
// A single offer is sent whatever Accept says, even `q=0`: such a resource is not subject to negotiation (§12.4.1), and
// a response of another type than requested is more useful than 406.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace integrity::http {

std::optional<std::size_t> negotiate(std::optional<std::string_view> accept, std::span<const std::string_view> offered);

}  // namespace integrity::http
