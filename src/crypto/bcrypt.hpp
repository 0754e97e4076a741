// bcrypt `$2b$` by libcrypt, which reads at most 72 bytes and stops at NUL; callers pass shorter text without NUL
// (auth/password.hpp). Takes about 70 ms at cost 10 and 270 ms at cost 12: never on an I/O thread.
#pragma once
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace integrity::crypto {

std::string bcrypt_hash(std::string_view text, int cost, Random& random);
// False for a wrong text, and for a hash that is not a bcrypt string ($2a$, $2b$ and $2y$ are read).
bool bcrypt_verify(std::string_view text, const std::string& hash);
// The cost in a hash; 0 if it is not a bcrypt string.
int bcrypt_cost(std::string_view hash);

}  // namespace integrity::crypto
