#include "auth/password.hpp"

#include <zxcvbn.h>

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"
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

// How a stored text begins that another program made; ours begin with "$2b$".
struct Mark {
  std::string_view text;
  Prehash prehash;
};
constexpr Mark kMarks[] = {{"bytes:", Prehash::none}, {"sha256-hex:", Prehash::sha256_hex}};

struct Stored {
  std::string bcrypt;
  std::optional<Prehash> foreign;
};

Stored read_stored(std::string_view stored) {
  for (const auto& [text, prehash] : kMarks) {
    if (stored.starts_with(text)) return {std::string(stored.substr(text.size())), prehash};
  }
  return {std::string(stored), {}};
}

constexpr int kCostMax = 16;  // as --bcrypt-cost; more would be minutes
constexpr std::size_t kBcryptBytes = 72;
constexpr std::size_t kSaltAndDigestChars = 53;  // of a bcrypt string, after "$2b$12$"
constexpr std::string_view kBcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace

std::optional<std::string> foreign_hash(std::string_view bcrypt, Prehash prehash) {
  const int cost = crypto::bcrypt_cost(bcrypt);
  if (cost == 0 || cost > kCostMax || bcrypt.find_first_not_of(kBcryptAlphabet, 7) != bcrypt.npos) return {};
  // libcrypt's $2a$ gives some texts beyond ASCII another hash than everybody else's.
  const auto mark =
      std::find_if(std::begin(kMarks), std::end(kMarks), [&](const Mark& each) { return each.prehash == prehash; });
  return std::string(mark->text) + "$2b$" + std::string(bcrypt.substr(4));
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
  // A bcrypt string of our cost whose digest nobody has a password for. Making it by hashing would cost the
  // start a quarter of a second; a fresh salt and a random digest are as good to compare with.
  for (std::uint8_t byte : random_.bytes(kSaltAndDigestChars)) decoy_ += kBcryptAlphabet[byte % 64];
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

void PasswordHasher::expect(std::string_view kind) const {
  raise_work(crypto::bcrypt_cost(read_stored(kind).bcrypt + std::string(kSaltAndDigestChars, '.')));
}

void PasswordHasher::raise_work(int cost) const {
  cost = std::min(cost, kCostMax);
  for (int known = work_; known < cost && !work_.compare_exchange_weak(known, cost);) {
  }
}

// What of a password goes into bcrypt.
std::string PasswordHasher::text_for(const Secret& password, std::optional<Prehash> foreign) const {
  if (!foreign) return keyed(password);
  if (*foreign == Prehash::sha256_hex) return to_hex(crypto::sha256(password.reveal()));
  return std::string(password.reveal_text().substr(0, kBcryptBytes));
}

bool PasswordHasher::verify(const Secret& password, const std::string& stored) const {
  const auto [bcrypt, foreign] = read_stored(stored);
  raise_work(crypto::bcrypt_cost(bcrypt));
  const int work = work_;
  const std::string hash = stored.empty() ? decoy(work) : bcrypt;
  const auto bytes = password.reveal_text();
  // No program that kept bytes took a NUL among them.
  const bool cut = foreign == Prehash::none && bytes.find('\0') != bytes.npos;
  const bool possible = !stored.empty() && !(foreign && bytes.empty()) && !cut;
  std::string text = text_for(password, possible ? foreign : std::nullopt);  // a keyed text stands in for the work
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
