// Media types as clients write them (RFC 9110 §8.3.1), and what Content-Type and Content-Encoding say of a body.
//
// Read more forgivingly than the grammar: blanks around '/', ';' and '=', a ';' at the end, parameters without a value and
// values in single quotes all occur in requests of real clients, and none of them can be understood in two ways.
#pragma once
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace integrity::http {

struct MediaType {
  std::string_view type, subtype;
  std::string_view parameters;  // what follows the first ';'
};

// Nothing unless type and subtype are tokens. "*" is "*/*": Java's HttpURLConnection asks for it.
std::optional<MediaType> parse_media_type(std::string_view text);

struct Parameter {
  std::string_view name, value;  // without quotes; escapes inside are left as they are
};

// Takes the next parameter off the front; nothing when there is none any more.
std::optional<Parameter> take_parameter(std::string_view& parameters);

// Takes what stands before the next `separator` outside of a quoted string (§5.6.4), and the separator.
std::string_view take_element(std::string_view& rest, char separator);

// Whether the body can be read as JSON in UTF-8: Content-Type is application/json, with any parameters but another charset
// than UTF-8 or its part US-ASCII, and no content coding.
bool has_json_body(const Request& request);

}  // namespace integrity::http
