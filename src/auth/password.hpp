// Passwords: what is acceptable, and how they are kept.
//
// Kept as bcrypt(base64(HMAC-SHA-384(password.key, password))): the keyed step makes a stolen database useless
// without the key file, and its 64 characters carry the whole password past bcrypt's 72 bytes and NUL.
// The exact UTF-8 bytes count: no normalisation, so the two spellings of é are two passwords (docs/accounts.md).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"

namespace integrity::auth {

inline constexpr std::size_t password_code_points_min = 8;  // NIST SP 800-63B-4 §3.1.1.2, with a second factor
inline constexpr std::size_t password_code_points_max = 256;

// Why a password is too easy to guess: on a list of common ones, or made of the username, the product's name or what the
// operator calls it (--issuer); nothing if it is not.
std::optional<std::string> weakness(const Secret& password, std::string_view username, std::string_view issuer);

// What another program kept: bcrypt of the password's own bytes, cost 4 to 16. Marked, so that `verify` knows it; its
// owner's next login puts one of ours in its place. As with Python's bcrypt, $2a$, $2b$ and $2y$ are one and the same.
// Nothing for any other text.
std::optional<std::string> foreign_hash(std::string_view bcrypt);

// Immutable, safe from any thread. `hash` and `verify` take as long as bcrypt does.
class PasswordHasher {
 public:
  PasswordHasher(Secret key, int cost, Random& random);

  std::string hash(const Secret& password) const;
  // An empty stored hash stands for an account that does not exist: always false. The work is the same for all
  // accounts: one hashed at a lower cost pays the difference, or its existence would show in the time. (A foreign one of a
  // higher cost takes longer, until its owner has logged in.)
  bool verify(const Secret& password, const std::string& stored) const;
  bool needs_rehash(std::string_view stored) const;

 private:
  std::string keyed(const Secret& password) const;
  std::string decoy(int cost) const;

  Secret key_;
  int cost_;
  Random& random_;
  std::string decoy_;  // a hash of nothing anybody knows, without its cost
};

}  // namespace integrity::auth
