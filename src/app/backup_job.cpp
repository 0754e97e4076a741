#include "app/backup_job.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "app/backup_command.hpp"
#include "app/file.hpp"
#include "base/log.hpp"
#include "base/new_file.hpp"
#include "schema/object.hpp"

namespace integrity::app {
namespace {

using namespace std::chrono;

constexpr seconds kEvery = hours(24);
constexpr std::size_t kKeep = 14;
constexpr milliseconds kTend{500};
constexpr seconds kLook{60};   // at most, between two readings of the names in the folder, which may be far away
constexpr seconds kRetry{60};  // at most, after one that failed
constexpr milliseconds kPauseMax{20};

constexpr std::string_view kShape = "integrity-00000000T000000Z.db";  // 0: a digit

// The names of backups, oldest first. Those of the future do not count: the clock may have been ahead when they were
// made. Otherwise one of them would be the newest until its time has come.
std::vector<std::string> backups_in(const std::filesystem::path& folder, Time now) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    auto name = entry.path().filename().string();
    const auto at = time_of_backup(name);
    if (at && *at <= now && entry.is_regular_file(error)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Time> newest_in(const std::filesystem::path& folder, Time now) {
  const auto names = backups_in(folder, now);
  return names.empty() ? std::nullopt : time_of_backup(names.back());
}

struct BackupWanted {
  std::string file;
};
auto fields(const BackupWanted*) {
  return std::tuple{schema::required("file", &BackupWanted::file, schema::Opaque{.max = 4096})};
}

}  // namespace

std::string backup_name(Time at) {
  std::string name = "integrity-";
  for (const char c : to_rfc3339(at).substr(0, 19)) {  // 2026-11-29T16:00:00
    if (c != '-' && c != ':') name += c;
  }
  return name + "Z.db";
}

std::optional<Time> time_of_backup(std::string_view name) {
  if (name.size() != kShape.size()) return {};
  std::string digits;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (kShape[i] == '0' ? !digit : name[i] != kShape[i]) return {};
    if (digit) digits += name[i];
  }
  std::string text = digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2) + "T";
  text += digits.substr(8, 2) + ":" + digits.substr(10, 2) + ":" + digits.substr(12, 2) + ".000Z";
  return parse_rfc3339(text);
}

BackupJob::BackupJob(const Config& config, const Clock& clock) : config_(config), clock_(clock) {
  if (config_.backup_dir.empty()) return;
  if (const auto newest = newest_in(config_.backup_dir, clock_.now())) tally_.last_success = to_seconds(*newest);
}

BackupJob::~BackupJob() {
  stop();
}

void BackupJob::begin() {
  if (!config_.backup_dir.empty()) look_ = std::make_unique<Periodic>(kTend, [this] { tend(); });
}

Result<Backup> BackupJob::make(const std::filesystem::path& file, const Watch& watch) {
  const auto began = steady_clock::now();
  auto worked_since = began;
  bool stopped = false;
  const Watch paced = [&](std::string_view what, std::uint64_t done, std::uint64_t of) {
    stopped = ending_ || (watch && !watch(what, done, of));
    if (stopped) return false;
    // Copying has pauses of its own. Nobody waits for the rest.
    if (what == "checking" || what == "hashing") {
      std::this_thread::sleep_for(std::min<steady_clock::duration>(steady_clock::now() - worked_since, kPauseMax));
    }
    worked_since = steady_clock::now();
    return true;
  };
  auto place = place_for_backup(config_, file);
  auto made = place ? make_backup(config_, file, *place, clock_, paced, true) : Result<Backup>(place.error());
  const auto took = std::to_string(duration_cast<milliseconds>(steady_clock::now() - began).count());
  if (!made && stopped) {
    log::event("backup.stopped", {{"path", file.string()},
                                  {"cause", ending_ ? "the server ends" : "the command that wanted it has ended"}});
    return made;
  }
  if (!made) {
    const bool misnamed = !place || made.error().code == Code::precondition_failed;
    if (!watch || !misnamed) ++tally_.failed;
    log::event("backup.failed", {{"path", file.string()}, {"cause", made.error().detail}});
    return made;
  }
  ++tally_.done;
  tally_.last_success = to_seconds(made->taken_at);
  const auto bytes = std::to_string(made->bytes), change = std::to_string(made->last_change);
  log::event("backup.done", {{"path", made->path}, {"bytes", bytes}, {"last_change", change}, {"ms", took}});
  return made;
}

void BackupJob::tend() {
  const Time now = clock_.now();
  const auto moment = steady_clock::now();
  const auto every = config_.backup_every.value_or(kEvery);
  const auto is_due = [&] { return !newest_ || now - *newest_ >= every; };
  if (ending_ || moment < retry_at_ || (!is_due() && moment < look_at_)) return;
  newest_ = newest_in(config_.backup_dir, now);
  look_at_ = moment + std::min(every, kLook);
  if (!is_due()) return;
  auto folder = make_folder(config_.backup_dir);
  if (folder) folder = expect_only_ours(config_.backup_dir);
  const std::string name = backup_name(now);
  if (!folder) {
    ++tally_.failed;
    log::event("backup.failed", {{"path", config_.backup_dir.string()}, {"cause", folder.error().detail}});
  } else {
    NewFile::remove_leftovers(config_.backup_dir,
                              [](std::string_view each) { return time_of_backup(each).has_value(); });
    if (make(config_.backup_dir / name, {})) {
      newest_ = time_of_backup(name);
      return forget_oldest(name);
    }
  }
  retry_at_ = steady_clock::now() + std::min(every, kRetry);
}

void BackupJob::forget_oldest(const std::string& newest) {
  auto names = backups_in(config_.backup_dir, clock_.now());
  std::erase(names, newest);  // never the one that has just been made and checked
  const std::size_t others = config_.backup_keep.value_or(kKeep) - 1;
  for (std::size_t i = 0; i + others < names.size(); ++i) {
    std::error_code error;
    std::filesystem::remove(config_.backup_dir / names[i], error);
    if (error)
      log::event("backup.kept", {{"path", (config_.backup_dir / names[i]).string()}, {"cause", error.message()}});
  }
}

void add_backup_act(HostActs& acts, BackupJob& backups) {
  acts.add("backup", [&](const json::Value& with, const Progress& progress) -> Result<std::string> {
    INTEGRITY_TRY(const auto wanted, schema::read<BackupWanted>(with));
    INTEGRITY_TRY(const Backup made, backups.make(wanted.file, watch_of(progress)));
    return written(made);
  });
}

}  // namespace integrity::app
