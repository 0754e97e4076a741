// What the parts of the host count for /metrics: backups, whoever asked for them, and the certificate. Owned by `serve`;
// safe from any thread.
#pragma once
#include "base/metrics.hpp"
#include "base/time.hpp"

namespace integrity::app {

struct HostFigures {
  Counter backups_done, backups_failed;
  Gauge last_backup_at;         // seconds since 1970; 0: none that this process knows of
  Gauge certificate_not_after;  // the same; 0: the server does not speak TLS

  void backup_done(Time at) {
    backups_done.add();
    last_backup_at.set(static_cast<std::uint64_t>(to_seconds(at)));
  }
  void backup_failed() { backups_failed.add(); }
};

}  // namespace integrity::app
