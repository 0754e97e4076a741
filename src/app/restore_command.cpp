#include "app/restore_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "app/backup.hpp"
#include "app/data_folder.hpp"
#include "app/file.hpp"
#include "app/host.hpp"
#include "app/keys.hpp"
#include "auth/totp.hpp"
#include "base/new_file.hpp"
#include "base/printable.hpp"
#include "base/random.hpp"
#include "catalog/words.hpp"
#include "store/check.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/move.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

using std::filesystem::path;
using store::KeyFingerprint;
using store::MigrationState;
using store::sqlite::Restored;

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

Error refused(std::string why) {
  return {Code::unavailable, std::move(why)};
}

bool is_part_of_a_restore(std::string_view name) {
  return name.starts_with(DataFolder::database_in("").string() + ".partial-");
}

// Whether `inside` is this entry of the folder.
bool is_entry(const path& entry, const path& inside) {
  std::error_code error;
  return std::filesystem::equivalent(entry, inside, error);
}

// This folder and those that it is in, as far as they are not there yet; itself first.
std::vector<path> missing_folders(const path& folder) {
  std::vector<path> missing;
  std::error_code error;
  for (path at = std::filesystem::absolute(folder, error).lexically_normal();
       at.has_relative_path() && !std::filesystem::exists(at, error); at = at.parent_path()) {
    missing.push_back(at);
  }
  return missing;
}

Status expect_empty_folder(const Config& config) {
  std::error_code error;
  if (!std::filesystem::exists(config.data, error)) return {};
  std::filesystem::directory_iterator entries(config.data, error);
  if (error) return Error{Code::unavailable, config.data.string() + ": cannot be read: " + error.message()};
  constexpr std::array<std::string_view, 4> kMayBeThere{"keys", "integrity.toml", "lock", "control.sock"};
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    const bool fine = std::find(kMayBeThere.begin(), kMayBeThere.end(), name) != kMayBeThere.end() ||
                      is_part_of_a_restore(name) || is_entry(entry.path(), config.keys) ||
                      is_entry(entry.path(), config.config);
    if (fine) continue;
    return refused(config.data.string() + ": holds " + name +
                   "; a restore needs a folder with nothing but keys/ and integrity.toml in it. Nothing was changed");
  }
  return {};
}

// The keys must be those of the backup, or ones that `key accept` took in their place.
Status expect_keys_of(const path& backup, const path& keys) {
  const auto in_backup = store::sqlite::fingerprints_in(backup);
  INTEGRITY_TRY(const StoredKeys stored, read_stored_keys(keys));
  for (const auto& [name, key] :
       {std::pair(key_file::password, &stored.password), {key_file::secrets, &stored.secrets}}) {
    const model::Digest mine = key_fingerprint(key->reveal());
    const auto known = std::find_if(in_backup.known.begin(), in_backup.known.end(),
                                    [&, &file = name](const auto& each) { return each.key == file; });
    const bool none = known == in_backup.known.end();
    const bool fits = none ? !in_backup.complete : known->fingerprint == mine;
    if (fits || is_accepted(keys, name, mine)) continue;
    if (none) {
      return refused(backup.string() + ": does not say which " + name +
                     " it was made with, so nothing tells whether yours fits. Name another backup. If there is none:"
                     " integrity key accept " +
                     name + " (with this one's options --store, --keys, --data), then restore");
    }
    return refused((keys / name).string() +
                   ": is not the key that the backup was made with; copy that from your copy of the keys. If it is lost"
                   " for good: integrity key accept " +
                   name + " (with this one's options --store, --keys, --data), then restore");
  }
  return {};
}

Status copy_file(const path& from, const Fd& to) {
  INTEGRITY_TRY(const Fd source, open_regular_file(from));
  std::vector<char> part(kCopyBytes);
  for (;;) {
    const auto got = ::read(source.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(from, "cannot read");
    if (got == 0) return {};
    for (ssize_t put = 0; put < got;) {
      const auto written = ::write(to.get(), part.data() + put, static_cast<std::size_t>(got - put));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return file_error(path_of(to), "cannot write");
      put += written;
    }
  }
}

// Counts what a check finds, and names the first findings.
class Findings final : public store::CheckReport {
 public:
  void found(std::string_view about, std::string_view what) override {
    if (++count_ > kNamed) return;
    named_ += (named_.empty() ? "" : "; ") + visible_line(about) + ": " + visible_line(what);
  }
  void progress(std::string_view, std::size_t, std::size_t) override {}

  Status none(const path& file) const {
    if (count_ == 0) return {};
    const std::string all = std::to_string(count_) + (count_ == 1 ? " finding" : " findings");
    return refused(file.string() + ": is inconsistent: `integrity check` would report " + all + ": " + named_ +
                   (count_ > kNamed ? "; …" : "") + ". Name another backup; nothing was changed");
  }

 private:
  static constexpr std::size_t kNamed = 3;
  std::size_t count_ = 0;
  std::string named_;
};

class Restore {
 public:
  Restore(const Config& config, path file) : config_(config), file_(std::move(file)) {}

  Result<Restored> run() {
    if (config_.mongo_uri.empty()) INTEGRITY_CHECK(expect_empty_folder(config_));
    std::unique_ptr<store::Bulk> target;
    if (!config_.mongo_uri.empty()) {
      target = store::mongo::open_mongo_bulk(config_.mongo_uri, catalog::product_text);
      INTEGRITY_CHECK(expect_empty(*target));
    }
    store::sqlite::check_database(file_, {}, "; name another backup");
    INTEGRITY_CHECK(expect_keys_of(file_, config_.keys));
    return target ? into(*target) : into_folder();
  }

 private:
  // Where it fails, the folder is as it was; only a token.key may have been made, if it is the last step that fails.
  Result<Restored> into_folder() {
    std::error_code error;
    const auto made = missing_folders(config_.data);
    const path lock = config_.data / "lock";
    const bool had_lock = std::filesystem::exists(lock, error);
    INTEGRITY_TRY(const DataFolder folder, DataFolder::open(config_.data));
    const auto done = make_in(folder);
    if (!done && !had_lock) std::filesystem::remove(lock, error);
    for (const path& each : made) {
      if (!done) std::filesystem::remove(each, error);
    }
    return done;
  }

  Result<Restored> make_in(const DataFolder& folder) {
    INTEGRITY_CHECK(expect_empty_folder(config_));  // now nobody else changes it
    INTEGRITY_TRY(NewFile database, NewFile::create(folder.database()));
    auto done = fill(database.file(), database.partial());
    if (!done) return done;
    INTEGRITY_CHECK(make_token_key());
    INTEGRITY_CHECK(database.publish());
    return done;
  }

  // If it is missing. From here on the modes of the keys are what a server makes them.
  Status make_token_key() {
    const auto keys = load_keys(config_.keys, false, random_, key_file::token);
    return keys ? Status() : keys.error();
  }

  Status expect_empty(store::Bulk& target) {
    const auto state = target.migration_state();
    const bool part = state && state->closed() && state->of_restore();
    if (part) return {};
    if (state && state->closed()) return refused(target.address() + ": " + store::why_closed(*state));
    if (const auto foreign = target.foreign()) {
      return refused(target.address() + ": holds " + *foreign + ", which is not this program's. Nothing was changed");
    }
    if (target.empty()) return {};
    return refused(target.address() +
                   ": is not empty; a restore needs a store that was never used. Nothing was changed");
  }

  // By way of a file here, which is what the restored store will be.
  Result<Restored> into(store::Bulk& target) {
    const char* const named = ::secure_getenv("TMPDIR");
    const path folder = named != nullptr && *named != '\0' ? path(named) : path("/var/tmp");
    const auto copy = nameless_file(folder);
    if (!copy) return refused(copy.error().detail + "; a restore needs room for a copy: name a folder with TMPDIR");
    auto done = fill(*copy, folder / "(copy of the backup)");
    if (!done) return done;
    target.prepare();
    const auto before = target.migration_state();
    const bool part = before && before->of_restore();
    target.set_migration_state(
        MigrationState{.role = MigrationState::Role::target,
                       .move = std::string(MigrationState::restore_prefix) + to_hex(random_.bytes(8)),
                       .other = file_.string(),
                       .at = clock_.now()});
    if (part) target.clear();
    if (!target.empty()) {  // another program has just written to it
      target.set_migration_state({});
      return refused(target.address() + ": is not empty any more");
    }
    const auto rows = store::sqlite::open_sqlite_rows(path_of(*copy), catalog::product_text);
    for (const store::RowKind kind : store::all_row_kinds()) {
      store::copy_rows(*rows, target, kind, [](std::size_t, std::size_t) {});
    }
    target.set_watermark(rows->watermark());
    INTEGRITY_CHECK(make_token_key());
    target.set_migration_state({});
    return done;
  }

  // Makes the store of a copy. `name`: for messages about it.
  Result<Restored> fill(const Fd& copy, const path& name) {
    try {
      auto done = make_store(copy);
      if (!done) done.error().detail = with_name(done.error().detail, copy, name);
      return done;
    } catch (const std::exception& failure) {
      return refused(
          name.string() + ": cannot be made a store: " + with_name(failure.what(), copy, name) +
          ". Nothing of it is left; a restore needs room for twice the backup where an older program made it");
    }
  }

  Result<Restored> make_store(const Fd& copy) {
    INTEGRITY_CHECK(copy_file(file_, copy));
    const path content = path_of(copy);
    Findings findings;
    store::sqlite::check_schema_of(content, findings);
    INTEGRITY_CHECK(findings.none(file_));
    store::sqlite::upgrade_copy(content, catalog::product_text);
    store::check(*store::sqlite::open_sqlite_check_alone(content, catalog::product_text), findings);
    INTEGRITY_CHECK(findings.none(file_));
    INTEGRITY_TRY(const StoredKeys keys, read_stored_keys(config_.keys));
    // Not that of what signs the tokens: the nodes may have a JWT_SECRET_KEY. The first of them notes it.
    const std::vector<KeyFingerprint> used{{key_file::password, key_fingerprint(keys.password.reveal())},
                                           {key_file::secrets, key_fingerprint(keys.secrets.reveal())}};
    const Time now = clock_.now();
    const Restored done = store::sqlite::make_restored(
        content, catalog::product_text, {.now = now, .last_step = auth::totp_step(now), .fingerprints = used});
    store::sqlite::check_database(content, {});
    return done;
  }

  const Config& config_;
  const path file_;
  SystemClock clock_;
  SystemRandom random_;
};

}  // namespace

Status expect_no_part_of_a_restore(const path& data) {
  std::error_code error;
  if (std::filesystem::exists(DataFolder::database_in(data), error)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(data, error)) {
    if (!is_part_of_a_restore(entry.path().filename().string())) continue;
    return Error{Code::unavailable, entry.path().string() +
                                        ": a restore into this folder was broken off; run it again: integrity restore "
                                        "FILE --data " +
                                        data.string() + ". To begin with an empty database instead, remove this file"};
  }
  return {};
}

Status restore_command(const CommandLine& line, const Config& config) {
  std::error_code error;
  const path file = std::filesystem::absolute(line.name, error);
  if (error) return Error{Code::invalid_value, line.name + ": " + error.message()};
  try {
    INTEGRITY_TRY(const Restored done, Restore(config, file).run());
    forget_accepted(config.keys);
    std::cout << "restored: " << file.string() << "\nchange: " << done.change
              << "\nlast change before it: " << done.last_before << "\nnow: " << to_rfc3339(done.now)
              << "\nEvery session has ended, and codes that authenticators showed before this restore are refused.\n"
                 "Recovery codes that were spent after the backup are valid again, and so are invitations, reset tokens"
                 " and keys for programs that were revoked since: replace what matters."
              << std::endl;
    return {};
  } catch (const std::exception& failure) {
    return Error{Code::unavailable, failure.what()};
  }
}

}  // namespace integrity::app
