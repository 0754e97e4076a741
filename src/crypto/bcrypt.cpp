#include "crypto/bcrypt.hpp"

#include <crypt.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "base/ascii.hpp"
#include "base/secret.hpp"

namespace integrity::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashChars = 60;  // "$2b$12$", 22 characters of salt, 31 of hash

// 32 KiB of libcrypt's working state, which holds values derived from the text.
struct Workspace {
  crypt_data data{};
  ~Workspace() { wipe(&data, sizeof data); }
};

// The hash with the cost and salt in `setting`. Nothing if libcrypt does not accept that.
std::optional<std::string> run(std::string_view text, const std::string& setting) {
  // Two texts that differ only after a NUL would be one password.
  if (text.find('\0') != text.npos) throw std::runtime_error("bcrypt: NUL in the text");
  Bytes copy(text.size() + 1);
  std::ranges::copy(text, copy.begin());
  const Secret phrase(std::move(copy));
  const auto workspace = std::make_unique<Workspace>();
  const char* const hash = crypt_rn(phrase.reveal_text().data(), setting.c_str(), &workspace->data,
                                    static_cast<int>(sizeof workspace->data));
  if (hash == nullptr) return {};
  return hash;
}

}  // namespace

std::string bcrypt_hash(std::string_view text, int cost, Random& random) {
  std::array<std::uint8_t, kSaltBytes> salt;
  random.fill(salt);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), as_text(salt).data(), kSaltBytes, setting,
                       sizeof setting) == nullptr) {
    throw std::runtime_error("bcrypt: no salt can be made for cost " + std::to_string(cost));
  }
  auto hash = run(text, setting);
  if (!hash || bcrypt_cost(*hash) != cost) throw std::runtime_error("bcrypt: libcrypt failed");
  return *std::move(hash);
}

bool bcrypt_verify(std::string_view text, const std::string& hash) {
  // libcrypt knows many methods, but only bcrypt is accepted.
  if (bcrypt_cost(hash) == 0) return false;
  const auto again = run(text, hash);
  return again && equal_in_constant_time(as_bytes(*again), as_bytes(hash));
}

int bcrypt_cost(std::string_view hash) {
  if (hash.size() != kHashChars || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') {
    return 0;
  }
  // $2x$ marks hashes of a version with a sign-extension bug: two passwords may have the same hash.
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return 0;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return 0;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 31 ? cost : 0;
}

}  // namespace integrity::crypto
