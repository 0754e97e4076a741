#include "auth/password.hpp"

#include <zxcvbn.h>

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"
#include "crypto/bcrypt.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

// No list has longer entries, and the matcher's work grows with the square of the length.
constexpr std::size_t kListedBytesMax = 32;

// "ada" of "Ada123!": what is left of a word without the digits and signs that people put around it.
std::string_view core(std::string_view text) {
  const auto letter = [](unsigned char c) { return std::isalpha(c) || c >= 0x80; };
  while (!text.empty() && !letter(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && !letter(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Letters and digits alone: "Data Integrity API" and "data-integrity-api" are one name.
std::string squeezed(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80) out += c;
  }
  return out;
}

bool made_of(std::string_view password, std::string_view name) {
  if (password == name) return true;
  const std::string word = squeezed(core(name));
  return !word.empty() && squeezed(core(password)) == word;
}

constexpr std::string_view kProduct = "Data Integrity API";

// Below this a password is among the first 1500 guesses: two list entries glued together, a keyboard walk.
constexpr double kBitsMin = 10.5;
// "admin" of "admin123": as many characters may stand around a listed word without making it less common.
constexpr std::size_t kDecorationMax = 4;

// One entry of zxcvbn's dictionaries (leaked passwords among them), as it stands there or in leetspeak, a
// repetition, a sequence; or so few of these that the whole is guessed as fast.
bool on_list(const std::string& password) {
  ZxcMatch_t* parts = nullptr;
  const double bits = ZxcvbnMatch(password.c_str(), nullptr, &parts);
  const bool whole =
      parts != nullptr && parts->Next == nullptr && static_cast<std::size_t>(parts->Length) == password.size();
  const int kind = whole ? parts->Type & ~MULTIPLE_MATCH : NON_MATCH;
  ZxcvbnFreeInfo(parts);
  return bits < kBitsMin || (kind != NON_MATCH && kind != BRUTE_MATCH);
}

bool common(const std::string& password) {
  if (password.size() > kListedBytesMax) return false;
  const auto word = core(password);
  const bool decorated = word.size() >= 4 && password.size() - word.size() <= kDecorationMax;
  return on_list(password) || (decorated && on_list(std::string(word)));
}

// The lists know no NUL, and end there.
std::string as_guessed(std::string_view password) {
  std::string text = ascii_lower(password);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

constexpr std::string_view kForeign = "bytes:";
constexpr int kForeignCostMax = 16;  // as --bcrypt-cost; more would be minutes
constexpr std::size_t kBcryptBytes = 72;
constexpr std::string_view kBcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace

std::optional<std::string> foreign_hash(std::string_view bcrypt) {
  const int cost = crypto::bcrypt_cost(bcrypt);
  if (cost == 0 || cost > kForeignCostMax || bcrypt.find_first_not_of(kBcryptAlphabet, 7) != bcrypt.npos) return {};
  // libcrypt's $2a$ gives some texts beyond ASCII another hash than everybody else's.
  return std::string(kForeign) + "$2b$" + std::string(bcrypt.substr(4));
}

std::optional<std::string> weakness(const Secret& password, std::string_view username, std::string_view issuer) {
  std::string text = as_guessed(password.reveal_text());
  std::optional<std::string> why;
  if (made_of(text, ascii_lower(username))) {
    why = "is made of the username; choose another";
  } else if (made_of(text, ascii_lower(kProduct)) || made_of(text, ascii_lower(issuer))) {
    why = "is made of the product's name; choose another";
  } else if (common(text)) {
    why = "is on a list of common passwords, or as easy to guess; choose another";
  }
  wipe(text);
  return why;
}

PasswordHasher::PasswordHasher(Secret key, int cost, Random& random)
    : key_(std::move(key)), cost_(cost), random_(random) {
  // A bcrypt string of our cost whose digest nobody has a password for. Making it by hashing would cost the
  // start a quarter of a second; a fresh salt and a random digest are as good to compare with.
  for (std::uint8_t byte : random_.bytes(53)) decoy_ += kBcryptAlphabet[byte % 64];
  decoy_[21] = 'O';  // the last character of a salt carries 2 bits: only . O e u are valid
}

std::string PasswordHasher::keyed(const Secret& password) const {
  return to_base64(crypto::hmac_sha384(key_.reveal(), password.reveal()));
}

std::string PasswordHasher::decoy(int cost) const {
  return (cost < 10 ? "$2b$0" : "$2b$") + std::to_string(cost) + '$' + decoy_;
}

std::string PasswordHasher::hash(const Secret& password) const {
  std::string text = keyed(password);
  auto hash = crypto::bcrypt_hash(text, cost_, random_);
  wipe(text);
  return hash;
}

bool PasswordHasher::verify(const Secret& password, const std::string& stored) const {
  const bool foreign = stored.starts_with(kForeign);
  const std::string hash = stored.empty() ? decoy(cost_) : foreign ? stored.substr(kForeign.size()) : stored;
  const auto bytes = password.reveal_text();
  // No program that kept bytes took a NUL among them; the keyed text stands in for the work.
  const bool possible = !stored.empty() && !(foreign && bytes.find('\0') != bytes.npos);
  std::string text = foreign && possible ? std::string(bytes.substr(0, kBcryptBytes)) : keyed(password);
  const bool right = crypto::bcrypt_verify(text, hash);
  // 2^c + (2^c + … + 2^(cost−1)) = 2^cost rounds, whatever the stored cost c.
  for (int cost = crypto::bcrypt_cost(hash); cost < cost_; ++cost) (void)crypto::bcrypt_verify(text, decoy(cost));
  wipe(text);
  return right && possible;
}

bool PasswordHasher::needs_rehash(std::string_view stored) const {
  return stored.starts_with(kForeign) || crypto::bcrypt_cost(stored) < cost_;
}

}  // namespace integrity::auth
