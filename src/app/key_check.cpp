#include "app/key_check.hpp"

#include <sys/stat.h>

#include <map>
#include <optional>

#include "app/file.hpp"
#include "app/keys.hpp"

namespace integrity::app {
namespace {

using Fingerprints = std::map<std::string, model::Digest>;

// Nothing: damage ended the reading, which was reported.
std::optional<Fingerprints> fingerprints_in(store::CheckSource& source, store::CheckReport& report) {
  Fingerprints all;
  const bool whole = source.read(
      store::row_kind<store::KeyFingerprint>(),
      [&](const store::Row& row) {
        const auto& key = std::get<store::KeyFingerprint>(row);
        all[key.key] = key.fingerprint;
      },
      report);
  return whole ? std::optional(std::move(all)) : std::nullopt;
}

class KeyCheck {
 public:
  KeyCheck(const Config& config, std::optional<Fingerprints> known, store::CheckReport& report)
      : config_(config), known_(std::move(known)), report_(report) {}

  Result<std::size_t> run() {
    INTEGRITY_CHECK(check(key_file::password, true));
    INTEGRITY_CHECK(check(key_file::secrets, true));
    // Only nodes that share a store need the same.
    INTEGRITY_CHECK(check(key_file::token, !config_.mongo_uri.empty()));
    return findings_;
  }

 private:
  Status check(const char* name, bool compared) {
    const auto path = config_.keys / name;
    const auto found = [&](const std::string& what) {
      report_.found("file " + path.string(), what);
      ++findings_;
    };
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) return file_error(path, "cannot read");
      found(std::string("is missing; restore it from your copy of the keys. If it is lost for good: integrity key "
                        "accept ") +
            name);
      return {};
    }
    if ((state.st_mode & 04U) != 0)
      found("everybody can read it; chmod 600, and replace the key if others have had it");
    INTEGRITY_TRY(const Secret text, read_secret_as_it_is(path));
    const auto fingerprint = fingerprint_in(config_, name, text);
    if (!fingerprint) {
      found("is not " + std::string(wanted_in(name)) + "; restore it from your copy of the keys");
      return {};
    }
    if (!compared || !known_) return {};
    const auto known = known_->find(name);
    if (known == known_->end()) {
      found("is not known to the store, which has never been used with a key of this name; start the server once");
    } else if (known->second != *fingerprint) {
      const bool may_be_given = name == std::string_view(key_file::token) && !config_.jwt_secret_key;
      found(std::string("is not the key that the store is used with; restore that from your copy of the keys") +
            (may_be_given ? ", or give this command the nodes' JWT_SECRET_KEY" : "") +
            ". If it is lost for good: integrity key accept " + name);
    }
    return {};
  }

  const Config& config_;
  const std::optional<Fingerprints> known_;
  store::CheckReport& report_;
  std::size_t findings_ = 0;
};

}  // namespace

Result<std::size_t> check_keys(const Config& config, store::CheckSource& source, store::CheckReport& report) {
  return KeyCheck(config, fingerprints_in(source, report), report).run();
}

}  // namespace integrity::app
