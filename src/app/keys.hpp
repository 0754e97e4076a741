// The key files: what they protect is the table "Keys" of product.md. Kept in a folder of their
// own, never in the database, so that whoever gets a copy of one has nothing without the other.
//
// Made on first start only. Beside an existing database a missing or damaged key is an error and
// never a new key: a new one would silently make every password or every second factor useless. Only who says so
// (`integrity key accept`) gets one in place of a missing one.
#pragma once
#include <filesystem>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/es256.hpp"

namespace integrity::app {

namespace key_file {
inline constexpr const char *password = "password.key", *secrets = "secrets.key", *token = "token.key";
}  // namespace key_file

struct Keys {
  Secret password;         // 32 bytes; password.key: 64 hex digits and a line feed
  Secret secrets;          // 32 bytes; secrets.key: the same
  crypto::Es256Key token;  // token.key: PKCS#8 in PEM
};

// The folder is tightened to 0700 and the files to 0600; what had to be is logged. Mounted secrets, whose modes cannot be
// changed, are taken as they are unless others can read them (tighten in file.hpp). Errors name the file.
Result<Keys> load_keys(const std::filesystem::path& folder, bool first_start, Random& random,
                       std::string_view accept = {});

}  // namespace integrity::app
