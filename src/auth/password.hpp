// Passwords: what is acceptable, and how they are kept.
//
// Kept as bcrypt(base64(HMAC-SHA-384(password.key, password))): without the key file a stolen database is useless, and
// the 64 characters stand for the whole password although bcrypt reads 72 bytes and stops at NUL.
// The exact UTF-8 bytes count: no normalisation, so the two spellings of é are two passwords (docs/accounts.md).
#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/bcrypt.hpp"
#include "model/user.hpp"

namespace integrity::auth {

inline constexpr std::size_t password_code_points_min = 8;  // NIST SP 800-63B-4 §3.1.1.2, with a second factor
inline constexpr std::size_t password_code_points_max = 256;

// Why a password is too easy to guess: it is on a list of common ones, or made of the username, the product's name or
// the operator's name for it (--issuer). Nothing if it is acceptable.
std::optional<std::string> weakness(const Secret& password, std::string_view username, std::string_view issuer);

// What another program gave to bcrypt: the password's own bytes, or the hex digits of their SHA-256 (Flask-Bcrypt with
// BCRYPT_HANDLE_LONG_PASSWORDS).
enum class Prehash : std::uint8_t { none, sha256_hex };

// What another program kept: bcrypt of cost 4 to 16. It gets a prefix by which `verify` knows it, and the next login of
// its owner replaces it by one of ours. As in Python's bcrypt, $2a$, $2b$ and $2y$ are the same. Nothing for other
// texts.
std::optional<std::string> foreign_hash(std::string_view bcrypt, Prehash prehash = Prehash::none);

// Whether it is something that `PasswordHasher` keeps, or that stands for no password.
bool is_password_hash(std::string_view stored);

// Safe from any thread. `hash` and `verify` take as long as bcrypt does.
//
// Every `verify` takes the same work, or its time would tell whether a name exists: that of the highest cost that is
// configured or stored. `expect` names what is stored; a higher cost that `verify` meets raises the work too. It falls
// again only with a restart. For an account that is hashed at a lower cost, or does not exist, the difference is added.
class PasswordHasher {
 public:
  using Compare = std::function<bool(std::string_view text, const std::string& bcrypt)>;  // tests count its calls
  PasswordHasher(Secret key, int cost, Random& random, Compare compare = crypto::bcrypt_verify);

  void expect(std::string_view kind) const;  // what precedes the salt of a stored hash: "bytes:$2b$10$"
  std::string hash(const Secret& password) const;
  // An empty `stored` stands for an account that does not exist, model::no_password for one whose password was reset:
  // always false. So is the empty password for another
  // program's hash: some programs store its hash for an account that nobody should get into.
  bool verify(const Secret& password, const std::string& stored) const;
  bool needs_rehash(std::string_view stored) const;  // another cost, higher or lower, or another program's hash

 private:
  std::string keyed(const Secret& password) const;
  std::string text_for(const Secret& password, std::optional<Prehash> foreign) const;
  std::string decoy(int cost) const;
  void raise_work(int cost) const;

  Secret key_;
  int cost_;
  Compare compare_;
  mutable std::atomic<int> work_;  // a cost
  Random& random_;
  std::string decoy_;  // salt and digest of a hash that no known password has
};

}  // namespace integrity::auth
