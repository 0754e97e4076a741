// The families of /metrics: the table of their names, labels and sources. Every series is there from the start, and all
// label values are words of this program (operations, methods, problems, outcomes): what clients send never makes
// another one. docs/metrics.md describes them.
#pragma once
#include <string>

#include "api/api.hpp"
#include "app/host_figures.hpp"
#include "auth/authenticator.hpp"
#include "base/fair_pool.hpp"
#include "http/server.hpp"
#include "store/store.hpp"

namespace integrity::app {

// Who counts what. All outlive the listener of the metrics.
struct MetricsSources {
  const http::Server& server;
  const api::Api& api;
  const api::Services& services;
  const HostFigures& host;
};

// Waits for nothing but the locks of queues. Also where the store cannot be reached.
std::string metrics_page(const MetricsSources& sources);

}  // namespace integrity::app
