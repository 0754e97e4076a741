#include "http/query.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/percent.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::http {
namespace {

using fuzzing::holds;

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char c : text) out += '%' + to_hex(as_bytes(std::string_view(&c, 1)));
  return out;
}

void percent(std::string_view input) {
  const auto encoded = percent_encode(input);
  for (auto plus : {Plus::is_plus, Plus::is_space}) {
    const auto decoded = percent_decode(input, plus);
    if (decoded) holds(count_code_points(*decoded).has_value(), "decoded text is UTF-8");
    const auto back = percent_decode(encoded, plus);
    holds(back.has_value() == count_code_points(input).has_value(), "only UTF-8 is decoded");
    if (back) holds(*back == input, "text that is encoded and decoded is the same text");
  }
  std::string spaced(input);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  holds(percent_decode(input, Plus::is_space) == percent_decode(spaced, Plus::is_plus), "a plus is a space in queries");
}

FUZZ_TARGET(query) {
  percent(input);
  const auto parameters = parse_query(input);
  const auto pieces = static_cast<std::size_t>(std::count(input.begin(), input.end(), '&')) + 1;
  if (!parameters) {
    holds(parameters.error().code == Code::invalid_value, "the error is invalid_value");
    holds(!parameters.error().fields.empty() && parameters.error().fields.size() <= pieces, "and names what is wrong");
    return;
  }
  holds(parameters->size() <= pieces, "no more parameters than pieces");
  std::string written;
  for (const auto& [name, value] : *parameters) {
    written += (written.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  }
  const auto again = parse_query(written);
  holds(again && *again == *parameters, "parameters that are written and read are the same parameters");
}

}  // namespace
}  // namespace integrity::http
