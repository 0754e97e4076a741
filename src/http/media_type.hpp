// Media types as clients write them (RFC 9110 §8.3.1), and what Content-Type and Content-Encoding say about a body.
//
// Less strict than the grammar: blanks around '/', ';' and '=', a ';' at the end, parameters without a value and values
// in single quotes all occur in requests of real clients, and none of them has two meanings.
#pragma once
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace integrity::http {

struct MediaType {
  std::string_view type, subtype;
  std::string_view parameters;  // after the first ';'
};

// Nothing unless type and subtype are tokens. "*" is read as "*/*": Java's HttpURLConnection sends it.
std::optional<MediaType> parse_media_type(std::string_view text);

struct Parameter {
  std::string_view name, value;  // without quotes; escapes inside are left as they are
};

// Removes and returns the first parameter. Nothing if none is left.
std::optional<Parameter> take_parameter(std::string_view& parameters);

// Removes and returns what comes before the next `separator` outside of a quoted string (§5.6.4). Removes the
// separator.
std::string_view take_element(std::string_view& rest, char separator);

// True if the body can be read as JSON in UTF-8: Content-Type is application/json, any charset parameter is UTF-8 or
// its subset US-ASCII, and there is no content coding.
bool has_json_body(const Request& request);

}  // namespace integrity::http
