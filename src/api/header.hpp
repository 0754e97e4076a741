// The headers of this API, each described once. An operation names those that it honours and those of its answer:
//
//   return operation("getProduct", …).honouring({header::if_none_match}).giving({header::etag});
#pragma once
#include <cstdint>
#include <string_view>

namespace integrity::api {

struct Header {
  enum class Presence : std::uint8_t { always, sometimes };

  std::string_view name;
  std::string_view about;
  std::string_view schema;
  std::string_view example;
  Presence presence = Presence::sometimes;
};

namespace header {

// As http::parse_etags reads them.
inline constexpr std::string_view entity_tags =
    R"({"type":"string","pattern":"^[ \\t]*\\*[ \\t]*$|^[ \\t,]*(W/)?\"[!#-~\\u0080-\\u00ff]*\")"
    R"(([ \\t]*,[ \\t,]*(W/)?\"[!#-~\\u0080-\\u00ff]*\")*[ \\t,]*$"})";

// What requests may carry.
inline constexpr Header if_match{
    "If-Match",
    "Only if the record is at one of these versions, as given by `ETag`; `*` is any. Otherwise 412, and nothing is "
    "changed.",
    entity_tags, R"("1")"};
inline constexpr Header if_none_match{
    "If-None-Match", "Only if the record is at none of these versions: 304 for a read, 412 for a change.", entity_tags,
    R"("1")"};

inline constexpr Header idempotency_key{
    "Idempotency-Key",
    "A key of your choice for this request. If you send the request again with the same key and body, it changes "
    "nothing and gets the first response. Stored for 24 hours.",
    R"({"type":"string","pattern":)"
    R"("^[!#-~][!-~]{0,254}$|^\"([!#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\"$"})",
    "order-4711"};

// What responses may carry.
inline constexpr Header idempotency_replayed{"Idempotency-Replayed",
                                             "`true`: this is the response that the first request with this key got.",
                                             R"({"type":"string","enum":["true"]})", "true"};
inline constexpr Header etag{"ETag", "The version of the record, in quotes: for `If-Match` and `If-None-Match`.",
                             R"({"type":"string","pattern":"^\"[0-9]+\"$"})", R"("1")", Header::Presence::always};
inline constexpr Header location{"Location", "The path of the new record.",
                                 R"({"type":"string","format":"uri-reference"})", "/products/6925142bbf57d9d3a4b1c0de",
                                 Header::Presence::always};
inline constexpr Header link{"Link",
                             "The next page, where there is one: `<…>; rel=\"next\"` (RFC 8288). Its cursor is opaque.",
                             R"({"type":"string"})", R"(</products?limit=100&cursor=q1Yr>; rel="next")"};
inline constexpr Header cache_control{"Cache-Control", "`no-store`: caches must not store this response.",
                                      R"({"type":"string"})", "no-store", Header::Presence::always};
inline constexpr Header request_id{"X-Request-Id", "Identifies this request in the server's log.",
                                   R"({"type":"string","pattern":"^[!-~]{8,128}$"})", "6925142bbf57d9d3a4b1c0de",
                                   Header::Presence::always};
inline constexpr Header www_authenticate{
    "WWW-Authenticate",
    "How to prove who you are. Where a token was sent, `error_description` says what is "
    "wrong with it: `expired`, `malformed`, `issued in the future`, `not accepted`.",
    R"({"type":"string","pattern":"^Bearer"})", "Bearer", Header::Presence::always};
inline constexpr Header www_authenticate_at_times{
    "WWW-Authenticate",
    "The `scope` that is missing (RFC 6750). It names none where a key was sent and a session is wanted.",
    R"({"type":"string","pattern":"^Bearer"})", R"(Bearer error="insufficient_scope", scope="products:write")"};
inline constexpr Header retry_after{"Retry-After", "Seconds to wait before the next attempt.",
                                    R"({"type":"integer","format":"int32","minimum":1})", "1",
                                    Header::Presence::always};
inline constexpr Header retry_after_at_times{"Retry-After",
                                             "Seconds to wait before the next attempt, where waiting helps.",
                                             R"({"type":"integer","format":"int32","minimum":1})", "1"};

}  // namespace header
}  // namespace integrity::api
