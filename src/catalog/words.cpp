#include "catalog/words.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

namespace integrity::catalog {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_utf8(std::string& out, utf8proc_int32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(code_point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

// What folding leaves of Latin letters that Unicode does not decompose.
std::string_view spelled_out(utf8proc_int32_t letter) {
  switch (letter) {
    case 0xe6:
      return "ae";
    case 0xf0:
    case 0x111:
      return "d";
    case 0xf8:
      return "o";
    case 0xfe:
      return "th";
    case 0x127:
      return "h";
    case 0x131:
      return "i";
    case 0x142:
      return "l";
    case 0x153:
      return "oe";
    case 0x167:
      return "t";
    default:
      return {};
  }
}

bool is_letter_or_digit(utf8proc_int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

// Kana and ideographs (Unicode blocks from Hiragana to CJK Unified, the compatibility ones, and plane 2 and 3).
bool is_word_by_itself(utf8proc_int32_t c) {
  return (c >= 0x3041 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0x20000 && c <= 0x3ffff);
}

// Folded code points one by one, to `take`.
template <class F>
void each_folded(std::string_view text, F take) {
  if (is_ascii(text)) {
    for (char c : text) take(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return;
  }
  constexpr auto kHow = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  // Nearly every text is no longer folded than before; one that is is done again with the room it needs.
  std::vector<utf8proc_int32_t> folded(text.size() + 16);
  auto count = utf8proc_decompose(bytes, size, folded.data(), static_cast<utf8proc_ssize_t>(folded.size()), kHow);
  if (count > static_cast<utf8proc_ssize_t>(folded.size())) {
    folded.resize(static_cast<std::size_t>(count));
    count = utf8proc_decompose(bytes, size, folded.data(), count, kHow);
  }
  if (count < 0) throw std::logic_error("a text is not UTF-8");
  folded.resize(static_cast<std::size_t>(count));
  for (const auto code_point : folded) {
    const auto letters = spelled_out(code_point);
    for (char letter : letters) take(letter);
    if (letters.empty()) take(code_point);
  }
}

}  // namespace

std::string sort_key(std::string_view text) {
  std::string key;
  key.reserve(text.size());
  each_folded(text, [&](utf8proc_int32_t code_point) { append_utf8(key, code_point); });
  return key;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  each_folded(text, [&](utf8proc_int32_t code_point) {
    const bool alone = is_word_by_itself(code_point);
    if (alone || !is_letter_or_digit(code_point)) end_word();
    if (is_letter_or_digit(code_point)) append_utf8(word, code_point);
    if (alone) end_word();
  });
  end_word();
  return out;
}

std::vector<std::string> words_of(const model::Product& product) {
  auto out = words(product.name);
  for (const auto* more : {&product.description, &product.sku}) {
    if (!*more) continue;
    auto found = words(**more);
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace integrity::catalog
