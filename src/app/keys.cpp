#include "app/keys.hpp"

#include <fcntl.h>

#include "app/file.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"

namespace integrity::app {

constexpr std::size_t kKeyBytes = 32;

std::optional<Secret> key_in(const Secret& content) {
  std::string_view digits = content.reveal_text();
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  auto bytes = from_hex(digits);
  if (!bytes || bytes->size() != kKeyBytes) return {};
  return Secret(std::move(*bytes));
}

namespace {

Secret random_key(Random& random) {
  const Secret raw = random.secret(kKeyBytes);
  std::string text = to_hex(raw.reveal()) + "\n";
  Secret key(text);
  wipe(text);
  return key;
}

enum class Mode { tightened, as_it_is };

Error malformed(const std::filesystem::path& path, std::string_view wanted) {
  return {Code::unavailable,
          path.string() + ": is not " + std::string(wanted) + "; restore it from your copy of the keys"};
}

Result<Secret> read_file(const std::filesystem::path& path, Mode mode) {
  auto content = mode == Mode::tightened ? read_secret_file(path) : read_secret_as_it_is(path);
  if (content) return content;
  return Error{Code::unavailable, content.error().detail +
                                      "; copy it from another server of this database, or from your copy of the keys." +
                                      " If it is lost everywhere: integrity key accept " + path.filename().string()};
}

Result<Secret> read_key(const std::filesystem::path& path, Mode mode = Mode::tightened) {
  INTEGRITY_TRY(const Secret content, read_file(path, mode));
  auto key = key_in(content);
  if (!key) return malformed(path, wanted_in(key_file::password));
  return std::move(*key);
}

Status open_folder(const std::filesystem::path& folder, bool may_make) {
  if (may_make) INTEGRITY_CHECK(make_folder(folder));
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    auto error = file_error(folder, "cannot open the folder of the keys");
    error.detail += "; the keys of the existing database belong there: see --keys";
    return error;
  }
  return tighten(fd.get(), 0700, 02, folder);  // others who may list the folder see only the names
}

template <class Make>
Status make_if_missing(const std::filesystem::path& path, Make make) {
  std::error_code error;
  // One whose status cannot be read counts as existing: reading it will report why.
  if (std::filesystem::symlink_status(path, error).type() != std::filesystem::file_type::not_found) return {};
  INTEGRITY_CHECK(create_secret_file(path, make()));
  log::event("key.made", {{"path", path.string()}});
  return {};
}

std::filesystem::path accepted_in(const std::filesystem::path& folder, const std::string& name) {
  return folder / (name + ".accepted");
}

}  // namespace

model::Digest key_fingerprint(ByteView key) {
  const Secret derived = crypto::derive_key(key, "integrity/fingerprint");
  model::Digest digest;
  std::copy_n(derived.reveal().begin(), digest.size(), digest.begin());
  return digest;
}

std::optional<model::Digest> fingerprint_in(const Config& config, std::string_view name, const Secret& content) {
  if (name != key_file::token) {
    const auto key = key_in(content);
    return key ? std::optional(key_fingerprint(key->reveal())) : std::nullopt;
  }
  const auto key = crypto::Es256Key::from_pem(content);
  if (!key) return {};
  return token_fingerprint(config, *key);
}

model::Digest token_fingerprint(const Config& config, const crypto::Es256Key& token) {
  const Secret key = config.jwt_secret_key ? config.jwt_secret_key->clone() : token.to_pem();
  return key_fingerprint(crypto::sha256(key.reveal()));
}

std::string_view wanted_in(std::string_view name) {
  return name == key_file::token ? "a P-256 private key (PKCS#8, PEM)" : "a key of 64 lower-case hex digits";
}

Result<Keys> load_keys(const std::filesystem::path& folder, bool first_start, Random& random, std::string_view accept) {
  const auto password = folder / key_file::password, secrets = folder / key_file::secrets,
             token = folder / key_file::token;
  INTEGRITY_CHECK(open_folder(folder, first_start || !accept.empty()));
  // Each on its own: after a first start that was interrupted, the keys that it made are kept.
  for (const auto& path : {password, secrets}) {
    if (first_start || path.filename() == accept) {
      INTEGRITY_CHECK(make_if_missing(path, [&] { return random_key(random); }));
    }
  }
  if (first_start || token.filename() == accept) {
    INTEGRITY_CHECK(make_if_missing(token, [] { return crypto::Es256Key::generate().to_pem(); }));
  }
  INTEGRITY_TRY(Secret password_key, read_key(password));
  INTEGRITY_TRY(Secret secrets_key, read_key(secrets));
  INTEGRITY_TRY(const Secret pem, read_file(token, Mode::tightened));
  auto token_key = crypto::Es256Key::from_pem(pem);
  if (!token_key) return malformed(token, wanted_in(key_file::token));
  return Keys{std::move(password_key), std::move(secrets_key), std::move(*token_key)};
}

Result<StoredKeys> read_stored_keys(const std::filesystem::path& folder) {
  INTEGRITY_TRY(Secret password, read_key(folder / key_file::password, Mode::as_it_is));
  INTEGRITY_TRY(Secret secrets, read_key(folder / key_file::secrets, Mode::as_it_is));
  return StoredKeys{std::move(password), std::move(secrets)};
}

Status note_accepted(const std::filesystem::path& folder, const std::string& name, Random& random) {
  const auto path = folder / name;
  INTEGRITY_CHECK(open_folder(folder, false));
  INTEGRITY_CHECK(make_if_missing(path, [&] { return random_key(random); }));
  INTEGRITY_TRY(const Secret key, read_key(path));
  std::error_code ignored;
  std::filesystem::remove(accepted_in(folder, name), ignored);
  return create_secret_file(accepted_in(folder, name), Secret(to_hex(key_fingerprint(key.reveal()))));
}

bool is_accepted(const std::filesystem::path& folder, const std::string& name, const model::Digest& fingerprint) {
  const auto noted = read_secret_as_it_is(accepted_in(folder, name));
  return noted && noted->reveal_text() == to_hex(fingerprint);
}

void forget_accepted(const std::filesystem::path& folder) noexcept {
  std::error_code ignored;
  for (const char* name : {key_file::password, key_file::secrets}) {
    std::filesystem::remove(accepted_in(folder, name), ignored);
  }
}

}  // namespace integrity::app
