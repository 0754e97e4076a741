#include "catalog/words.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

namespace integrity::catalog {
namespace {

using CodePoint = utf8proc_int32_t;
using CodePoints = std::vector<CodePoint>;

struct Block {
  CodePoint first, last;
};

template <std::size_t n>
constexpr bool in_any(const std::array<Block, n>& blocks, CodePoint c) {
  return std::any_of(blocks.begin(), blocks.end(), [c](Block block) { return c >= block.first && c <= block.last; });
}

// Latin, Greek, Cyrillic, Hebrew and Arabic, as far as NFKC leaves letters in these blocks. All of ASCII is included,
// since a mark on a digit is an accent too.
constexpr std::array kAccented{Block{0x0, 0x52f},       Block{0x590, 0x6ff},    Block{0x750, 0x77f},
                               Block{0x870, 0x8ff},     Block{0x1c80, 0x1c8f},  Block{0x1d00, 0x1dbf},
                               Block{0x1e00, 0x1fff},   Block{0x2c60, 0x2c7f},  Block{0xa640, 0xa69f},
                               Block{0xa720, 0xa7ff},   Block{0xab30, 0xab6f},  Block{0x10780, 0x107bf},
                               Block{0x10ec0, 0x10eff}, Block{0x1df00, 0x1dfff}};

// From the iteration marks before Hiragana to Bopomofo; Bopomofo Extended to Katakana Phonetic Extensions; CJK Unified
// Ideographs with their extensions, and the compatibility ideographs that NFKC leaves; the kana supplements.
constexpr std::array kEastAsian{Block{0x3005, 0x312f}, Block{0x31a0, 0x31ff},   Block{0x3400, 0x9fff},
                                Block{0xf900, 0xfaff}, Block{0x1aff0, 0x1b16f}, Block{0x20000, 0x3ffff}};

// Thai and Lao, Myanmar, Khmer, Myanmar Extended B and A.
constexpr std::array kSoutheastAsian{Block{0xe00, 0xeff}, Block{0x1000, 0x109f}, Block{0x1780, 0x17ff},
                                     Block{0xa9e0, 0xa9ff}, Block{0xaa60, 0xaa7f}};

// How texts of a script are divided into words. A value is the length of the longest n-gram, 0 for none. Pairs are
// selective in a script of thousands of characters, but not in an alphabet.
enum class Writing : std::uint8_t { with_spaces = 0, east_asian = 2, southeast_asian = 3 };

Writing writing_of(CodePoint c) {
  if (c < kSoutheastAsian.front().first) return Writing::with_spaces;
  if (in_any(kEastAsian, c)) return Writing::east_asian;
  return in_any(kSoutheastAsian, c) ? Writing::southeast_asian : Writing::with_spaces;
}

enum class Role : std::uint8_t { letter, mark, enclosing_mark, other };  // digits are letters

Role role_of(CodePoint c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Role::letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
      return Role::mark;
    case UTF8PROC_CATEGORY_ME:
      return Role::enclosing_mark;
    default:
      return Role::other;
  }
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_ascii_letter_or_digit(char folded) {
  return (folded >= 'a' && folded <= 'z') || (folded >= '0' && folded <= '9');
}

void append_utf8(std::string& out, CodePoint code_point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(code_point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

// Latin letters, folded, that Unicode does not decompose.
std::string_view spelled_out(CodePoint letter) {
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

// NFKD with case folded and without default-ignorable characters.
CodePoints decomposed(std::string_view text) {
  constexpr auto kHow = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  // Few texts have more code points after this than bytes before. One that has is decomposed again with more room.
  CodePoints out(text.size() + 16);
  auto count = utf8proc_decompose(bytes, size, out.data(), static_cast<utf8proc_ssize_t>(out.size()), kHow);
  if (count > static_cast<utf8proc_ssize_t>(out.size())) {
    out.resize(static_cast<std::size_t>(count));
    count = utf8proc_decompose(bytes, size, out.data(), count, kHow);
  }
  if (count < 0) throw std::logic_error("a text is not UTF-8");
  out.resize(static_cast<std::size_t>(count));
  return out;
}

// Arabic tatweel only makes a word longer on paper, so it is dropped too.
void drop_accents(CodePoints& text) {
  constexpr CodePoint kTatweel = 0x640;
  bool on_accented = false;
  text.erase(std::remove_if(text.begin(), text.end(),
                            [&](CodePoint c) {
                              const Role role = role_of(c);
                              if (role == Role::enclosing_mark || c == kTatweel) return true;
                              if (role == Role::mark) return on_accented;
                              on_accented = in_any(kAccented, c);
                              return false;
                            }),
             text.end());
}

void compose(CodePoints& text) {
  constexpr auto kHow = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto count = utf8proc_normalize_utf32(text.data(), static_cast<utf8proc_ssize_t>(text.size()), kHow);
  text.resize(static_cast<std::size_t>(count));
}

CodePoints fold(std::string_view text) {
  CodePoints out = decomposed(text);
  drop_accents(out);
  compose(out);
  return out;
}

void append_folded(std::string& out, CodePoint code_point) {
  const auto letters = spelled_out(code_point);
  letters.empty() ? append_utf8(out, code_point) : void(out.append(letters));
}

// Adjacent characters of one kind of writing, as UTF-8, and the offset of each of them.
struct Run {
  Writing writing = Writing::with_spaces;
  std::string text = {};
  std::vector<std::size_t> begins = {};

  std::size_t size() const { return begins.size(); }
  std::string_view part(std::size_t at, std::size_t count) const {
    const auto begin = begins[at];
    return std::string_view(text).substr(begin, at + count < begins.size() ? begins[at + count] - begin : text.npos);
  }
};

// Calls `take` with each run of letters. `take` may move from it.
template <class Take>
void each_run(std::string_view text, Take take) {
  Run run;
  const auto end_run = [&] {
    if (!run.text.empty()) take(run);
    run.text.clear();
    run.begins.clear();
  };
  if (is_ascii(text)) {
    for (const char c : text) {
      if (const char low = folded(c); is_ascii_letter_or_digit(low)) {
        run.text += low;
      } else {
        end_run();
      }
    }
    return end_run();
  }
  for (const CodePoint c : fold(text)) {
    const Role role = role_of(c);
    if (role == Role::mark && run.text.empty()) continue;  // not on a letter, so nothing to search for
    if (role == Role::other) {
      end_run();
      continue;
    }
    if (role == Role::letter && writing_of(c) != run.writing) {
      end_run();
      run.writing = writing_of(c);
    }
    run.begins.push_back(run.text.size());
    append_folded(run.text, c);
  }
  end_run();
}

// Gives each word of a text to `take`.
template <class Take>
void each_word(std::string_view text, Take take) {
  each_run(text, [&](const Run& run) {
    if (run.writing == Writing::with_spaces) return take(run.text);
    const auto longest = static_cast<std::size_t>(run.writing);
    for (std::size_t at = 0; at < run.size(); ++at) {
      const auto left = std::min(longest, run.size() - at);
      for (std::size_t count = 1; count <= left; ++count) take(run.part(at, count));
    }
  });
}

// What a product is found by; empty where it has none.
std::array<std::string_view, 3> texts_of(const model::Product& product) {
  return {product.name, product.description ? *product.description : std::string_view(),
          product.sku ? *product.sku : std::string_view()};
}

}  // namespace

std::string sort_key(std::string_view text) {
  std::string key;
  key.reserve(text.size());
  if (is_ascii(text)) {
    std::transform(text.begin(), text.end(), std::back_inserter(key), folded);
  } else {
    for (const CodePoint c : fold(text)) append_folded(key, c);
  }
  if (key.size() > sort_key_bytes_max) {
    auto end = sort_key_bytes_max;
    while ((static_cast<unsigned char>(key[end]) & 0xc0) == 0x80) --end;
    key.resize(end);
  }
  return key;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  each_word(text, [&](std::string_view word) { out.emplace_back(word); });
  return out;
}

std::vector<std::string> query_words(std::string_view query) {
  std::vector<std::string> out;
  each_run(query, [&](Run& run) {
    const auto longest = static_cast<std::size_t>(run.writing);
    if (run.writing == Writing::with_spaces || run.size() <= longest) return out.push_back(std::move(run.text));
    for (std::size_t at = 0; at + longest <= run.size(); ++at) out.emplace_back(run.part(at, longest));
  });
  return out;
}

std::vector<std::string> words_of(const model::Product& product) {
  std::vector<std::string> out;
  for (const auto text : texts_of(product)) each_word(text, [&](std::string_view word) { out.emplace_back(word); });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string word_text(const model::Product& product) {
  std::string out;
  for (const auto text : texts_of(product)) {
    out.reserve(out.size() + text.size() + 1);
    each_word(text, [&](std::string_view word) { (out += word) += ' '; });
  }
  return out;
}

}  // namespace integrity::catalog
