// The backups that a server makes: by itself, into --backup-dir, and for `integrity backup` while it runs. All of them
// are logged, and counted but for those that were stopped.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/backup.hpp"
#include "app/host_acts.hpp"
#include "app/periodic.hpp"

namespace integrity::app {

// For metrics. Safe from any thread.
struct BackupTally {
  std::atomic<std::int64_t> last_success = 0;  // seconds since 1970; after a start that of the newest file; 0: none
  std::atomic<std::uint64_t> done = 0, failed = 0;
};

class BackupJob {
 public:
  // `config` and `clock` outlive it.
  BackupJob(const Config& config, const Clock& clock);
  ~BackupJob();  // stops, too

  // Stops the backups that are being made, because the server ends.
  void stop() { ending_ = true; }

  // Makes them from now on, if --backup-dir is given.
  void begin();

  // `watch`: of the command that wants it; none for the server itself. It does not count as failed where the command
  // named a place where none can be made.
  Result<Backup> make(const std::filesystem::path& file, const Watch& watch);
  const BackupTally& tally() const { return tally_; }

  // Makes one if it is due. Called twice a second after `begin`.
  void tend();

 private:
  void forget_oldest(const std::string& newest);

  const Config& config_;
  const Clock& clock_;
  BackupTally tally_;
  std::atomic<bool> ending_ = false;
  std::chrono::steady_clock::time_point retry_at_{}, look_at_{};
  std::optional<Time> newest_;  // of the backups in the folder, when that was last read
  std::unique_ptr<Periodic> look_;
};

// "integrity-20261129T160000Z.db".
std::string backup_name(Time at);
std::optional<Time> time_of_backup(std::string_view name);  // nothing: not such a name

void add_backup_act(HostActs& acts, BackupJob& backups);  // "backup"

}  // namespace integrity::app
