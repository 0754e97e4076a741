#include "auth/password.hpp"

#include <zxcvbn.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "auth/common_passwords.hpp"
#include "base/ascii.hpp"
#include "crypto/digest.hpp"

namespace integrity::auth {
namespace {

// zxcvbn's dictionaries have no longer entries, and its work grows with the square of the length.
constexpr std::size_t kListedBytesMax = 32;

// "Ada" of "Ada123!": a word without the digits and signs that people put around it.
std::string_view core(std::string_view text) {
  const auto letter = [](unsigned char c) { return std::isalpha(c) || c >= 0x80; };
  while (!text.empty() && !letter(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && !letter(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Letters and digits only: "Data Integrity API" and "data-integrity-api" are one name.
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

// A password of fewer bits is among the first 1500 guesses: two list entries joined, or a row of keys.
constexpr double kBitsMin = 10.5;
// "123" of "admin123": this many characters around a listed word do not make it less common.
constexpr std::size_t kDecorationMax = 4;

// zxcvbn knows many common passwords only as joined parts, which it takes for less common than they are.
bool listed(std::string_view password) {
  static const auto lines = [] {
    std::unordered_set<std::string_view> all;
    for (std::string_view text = embedded::auth_common_passwords[0].second; !text.empty();) {
      const auto line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      if (!line.empty() && !line.starts_with("# ")) all.insert(line);
    }
    return all;
  }();
  return lines.contains(password);
}

// One entry of zxcvbn's dictionaries (leaked passwords among them), plain or in leetspeak, a repetition or a sequence;
// or so few of these joined that the whole is guessed as fast.
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
  if (listed(password)) return true;
  if (password.size() > kListedBytesMax) return false;
  const auto word = core(password);
  const bool decorated = word.size() >= 4 && password.size() - word.size() <= kDecorationMax;
  return on_list(password) || (decorated && on_list(std::string(word)));
}

// zxcvbn reads up to a NUL, so it is replaced.
std::string as_guessed(std::string_view password) {
  std::string text = ascii_lower(password);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

// The prefix of another program's hash; ours begin with "$2b$".
struct Prefix {
  std::string_view text;
  Prehash prehash;
};
constexpr Prefix kPrefixes[] = {{"bytes:", Prehash::none}, {"sha256-hex:", Prehash::sha256_hex}};

struct Stored {
  std::string bcrypt;
  std::optional<Prehash> foreign;
};

Stored read_stored(std::string_view stored) {
  for (const auto& [text, prehash] : kPrefixes) {
    if (stored.starts_with(text)) return {std::string(stored.substr(text.size())), prehash};
  }
  return {std::string(stored), {}};
}

constexpr int kCostMax = 16;  // as for --bcrypt-cost; more would take minutes
constexpr std::size_t kBcryptBytes = 72;
constexpr std::size_t kSaltAndDigestChars = 53;  // of a bcrypt string, after "$2b$12$"
constexpr std::string_view kBcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace

std::optional<std::string> foreign_hash(std::string_view bcrypt, Prehash prehash) {
  const int cost = crypto::bcrypt_cost(bcrypt);
  if (cost == 0 || cost > kCostMax || bcrypt.find_first_not_of(kBcryptAlphabet, 7) != bcrypt.npos) return {};
  // With $2a$, libcrypt hashes some non-ASCII texts in another way than all other programs.
  const auto prefix = std::find_if(std::begin(kPrefixes), std::end(kPrefixes),
                                   [&](const Prefix& each) { return each.prehash == prehash; });
  return std::string(prefix->text) + "$2b$" + std::string(bcrypt.substr(4));
}

bool is_password_hash(std::string_view stored) {
  return stored == model::no_password || foreign_hash(read_stored(stored).bcrypt).has_value();
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

PasswordHasher::PasswordHasher(Secret key, int cost, Random& random, Compare compare)
    : key_(std::move(key)), cost_(cost), compare_(std::move(compare)), work_(cost), random_(random) {
  // A digest that no known password has. Hashing one would delay the start by a quarter of a second; a random salt and
  // digest are as good to compare with.
  for (std::uint8_t byte : random_.bytes(kSaltAndDigestChars)) decoy_ += kBcryptAlphabet[byte % 64];
  decoy_[21] = 'O';  // the last character of a salt holds 2 bits: only . O e u are valid
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

void PasswordHasher::expect(std::string_view kind) const {
  raise_work(crypto::bcrypt_cost(read_stored(kind).bcrypt + std::string(kSaltAndDigestChars, '.')));
}

void PasswordHasher::raise_work(int cost) const {
  cost = std::min(cost, kCostMax);
  for (int known = work_; known < cost && !work_.compare_exchange_weak(known, cost);) {
  }
}

// What bcrypt is given.
std::string PasswordHasher::text_for(const Secret& password, std::optional<Prehash> foreign) const {
  if (!foreign) return keyed(password);
  if (*foreign == Prehash::sha256_hex) return to_hex(crypto::sha256(password.reveal()));
  return std::string(password.reveal_text().substr(0, kBcryptBytes));
}

bool PasswordHasher::verify(const Secret& password, const std::string& stored) const {
  if (stored == model::no_password) return verify(password, {});
  const auto [bcrypt, foreign] = read_stored(stored);
  raise_work(crypto::bcrypt_cost(bcrypt));
  const int work = work_;
  const std::string hash = stored.empty() ? decoy(work) : bcrypt;
  const auto bytes = password.reveal_text();
  // Programs that give bcrypt the plain bytes refuse a NUL among them.
  const bool cut = foreign == Prehash::none && bytes.find('\0') != bytes.npos;
  const bool possible = !stored.empty() && !(foreign && bytes.empty()) && !cut;
  std::string text = text_for(password, possible ? foreign : std::nullopt);  // any text, where none can match
  const bool right = compare_(text, hash);
  // 2^c + (2^c + … + 2^(work−1)) = 2^work rounds, whatever the stored cost c.
  for (int cost = crypto::bcrypt_cost(hash); cost < work; ++cost) (void)compare_(text, decoy(cost));
  wipe(text);
  return right && possible;
}

bool PasswordHasher::needs_rehash(std::string_view stored) const {
  const auto [bcrypt, foreign] = read_stored(stored);
  return foreign || crypto::bcrypt_cost(bcrypt) != cost_;
}

}  // namespace integrity::auth
