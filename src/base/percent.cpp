#include "base/percent.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace integrity {

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  const auto special = std::find_if(text.begin(), text.end(), [](char c) { return c == '%' || c == '+'; });
  std::string out(text.begin(), special);  // usually all of it
  out.reserve(text.size());
  for (std::size_t i = out.size(); i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!count_code_points(out)) return {};
  return out;
}

std::string percent_encode(std::string_view text, std::string_view also) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kMarks = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alnum(c) || kMarks.find(c) != std::string_view::npos || also.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace integrity
