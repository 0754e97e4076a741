// The families of /metrics: their names, labels and sources. Every series exists from the start. All label values are
// words of this program (operations, methods, problems, outcomes), so no client can add a series. docs/metrics.md
// describes the families.
#pragma once
#include <string>

#include "api/api.hpp"
#include "app/backup_job.hpp"
#include "auth/authenticator.hpp"
#include "base/fair_pool.hpp"
#include "http/server.hpp"
#include "http/tls.hpp"
#include "store/store.hpp"

namespace integrity::app {

// The objects that own the counts. All outlive the listener of the metrics.
struct MetricsSources {
  const http::Server& server;
  const api::Api& api;
  const api::Services& services;
  const BackupTally& backups;
  const http::Tls* tls;  // null: the server speaks plain HTTP
};

// Waits only for the locks of queues, so it also works while the store cannot be reached.
std::string metrics_page(const MetricsSources& sources);

}  // namespace integrity::app
