// The key files. They are kept in a folder of their own, never in the database: a copy of either is useless without the
// other (docs/adr/0021).
//
// Made on first start only. If the database exists, a missing or damaged key is an error and never replaced by a new
// one, which would silently make every password or every second factor useless. Only `integrity key accept` makes a new
// key in place of a missing one.
#pragma once
#include <filesystem>

#include "app/config.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/es256.hpp"
#include "model/user.hpp"

namespace integrity::app {

namespace key_file {
inline constexpr const char *password = "password.key", *secrets = "secrets.key", *token = "token.key";
}  // namespace key_file

struct Keys {
  Secret password;         // 32 bytes; password.key: 64 hex digits and a line feed
  Secret secrets;          // 32 bytes; secrets.key: the same
  crypto::Es256Key token;  // token.key: PKCS#8 in PEM
};

// That of password.key or secrets.key. Nothing where the content is not such a key.
std::optional<Secret> key_in(const Secret& content);

// What a store keeps of a key, to recognise it.
model::Digest key_fingerprint(ByteView key);
// Of the file with this name and this content, or of JWT_SECRET_KEY in place of token.key. Nothing where the content is
// not such a key.
std::optional<model::Digest> fingerprint_in(const Config& config, std::string_view name, const Secret& content);
// Of what signs the tokens: nodes that share a store must have the same.
model::Digest token_fingerprint(const Config& config, const crypto::Es256Key& token);
std::string_view wanted_in(std::string_view name);  // "a key of 64 lower-case hex digits"

// The modes of the folder and the files are reduced to 0700 and 0600; each change is logged. Mounted secrets, whose
// modes cannot be changed, are accepted unless others can read them (`tighten` in file.hpp). Errors name the file.
Result<Keys> load_keys(const std::filesystem::path& folder, bool first_start, Random& random,
                       std::string_view accept = {});

// Those that a restore must not make, without changing anything. Errors name the file and say what to do.
struct StoredKeys {
  Secret password, secrets;
};
Result<StoredKeys> read_stored_keys(const std::filesystem::path& folder);

// A key that the operator has accepted before a restore, in place of that of the backup: noted in NAME.accepted next to
// it until the restore is done.
Status note_accepted(const std::filesystem::path& folder, const std::string& name, Random& random);
bool is_accepted(const std::filesystem::path& folder, const std::string& name, const model::Digest& fingerprint);
void forget_accepted(const std::filesystem::path& folder) noexcept;

}  // namespace integrity::app
