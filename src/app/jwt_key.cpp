#include "app/jwt_key.hpp"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "app/jwt_secrets.hpp"
#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace integrity::app {
namespace {

// The lines of the data files known_jwt_secrets.txt and placeholder_words.txt, without comments.
std::vector<std::string_view> known_texts() {
  std::vector<std::string_view> texts;
  for (auto [name, text] : embedded::app_jwt_secrets) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      if (end > 0 && text.front() != '#') texts.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  return texts;
}

int step(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]) - static_cast<unsigned char>(text[i - 1]);
}

// Third or later of a run such as "aaa", "345" or "cba": padding, not a secret.
bool continues_run(std::string_view text, std::size_t i) {
  return i >= 2 && std::abs(step(text, i)) <= 1 && step(text, i) == step(text, i - 1);
}

// The fewest bytes that remain without known examples, common words, separators and runs.
std::size_t unexplained_bytes(std::string_view text) {
  static const auto known = known_texts();
  std::vector<std::size_t> fewest(text.size() + 1, text.size());
  fewest[0] = 0;
  const auto shorten = [&](std::size_t at, std::size_t end, std::size_t cost) {
    fewest[end] = std::min(fewest[end], fewest[at] + cost);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool filler = std::string_view(" -_.").find(text[i]) != std::string_view::npos;
    shorten(i, i + 1, filler || continues_run(text, i) ? 0 : 1);
    const auto take = [&](std::string_view word) {
      if (text.substr(i).starts_with(word)) shorten(i, i + word.size(), 0);
    };
    std::for_each(known.begin(), known.end(), take);
  }
  return fewest.back();
}

// Repeats a block of at most half its length and fewer bytes than a key needs; the last repetition may be cut.
bool repeats_block(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2 && period < jwt_key_bytes_min; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

// "abcdefghijklmnopqrstuvwxyz0123456789": at least two thirds of neighbouring bytes differ by one or not at all.
bool is_sequence(std::string_view text) {
  std::size_t small = 0;
  for (std::size_t i = 1; i < text.size(); ++i) small += std::abs(step(text, i)) <= 1 ? 1U : 0U;
  return small * 3 >= (text.size() - 1) * 2;
}

std::size_t distinct_bytes(std::string_view text) {
  std::bitset<256> seen;
  for (const char c : text) seen.set(static_cast<unsigned char>(c));
  return seen.count();
}

// The decoded text of a key in base64 or hex, if it is text: "eW91ci0yNTYt…" is no better than "your-256-…".
Secret decoded_text(std::string_view key) {
  std::string base64url(key);
  std::replace(base64url.begin(), base64url.end(), '+', '-');
  std::replace(base64url.begin(), base64url.end(), '/', '_');
  base64url.erase(std::min(base64url.find_last_not_of('=') + 1, base64url.size()));
  auto bytes = from_hex(ascii_lower(key));
  if (!bytes) bytes = from_base64url(base64url);
  wipe(base64url);
  const auto printable = [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
  if (!bytes || !std::all_of(bytes->begin(), bytes->end(), printable)) return {};
  return Secret(std::move(*bytes));
}

bool is_known(std::string_view key) {
  // Tools that extend word lists try at most about half of 16 unknown bytes.
  constexpr std::size_t unexplained_min = 16;
  std::string text = ascii_lower(key);
  // Keys with this prefix come from Django's project template and are committed to repositories.
  const bool known = text.starts_with("django-insecure") || unexplained_bytes(text) < unexplained_min;
  wipe(text);
  return known;
}

}  // namespace

std::optional<std::string> jwt_key_weakness(const Secret& key) {
  const std::string_view text = key.reveal_text();
  if (text.size() < jwt_key_bytes_min) {
    return "is " + std::to_string(text.size()) + " bytes long; HS256 needs at least 32 (RFC 7518 §3.2)";
  }
  // 32 random hex digits have fewer than 6 distinct ones in one of 10^13 keys.
  if (distinct_bytes(text) < 6 || repeats_block(text) || is_sequence(text)) {
    return "is a repeated or regular pattern";
  }
  const Secret decoded = decoded_text(text);
  if (is_known(text) || (!decoded.empty() && is_known(decoded.reveal_text()))) {
    return "is an example from documentation, or made of words that such examples are made of";
  }
  return {};
}

}  // namespace integrity::app
