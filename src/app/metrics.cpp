#include "app/metrics.hpp"

#include <utility>
#include <vector>

#include "app/metrics_text.hpp"
#include "app/process_figures.hpp"
#include "store/enum_names.hpp"

namespace integrity::app {
namespace {

using enum MetricsText::Type;
using Unit = MetricsText::Unit;

// The pairs of operation and method that exist.
struct Kind {
  std::string_view operation;
  http::Method method;
  const http::Traffic::Requests& requests;
};

std::vector<Kind> kinds(const api::Api& api, const http::Traffic& traffic) {
  std::vector<Kind> all;
  const auto add = [&](std::size_t number, std::string_view operation, http::Method method) {
    all.push_back({operation, method, traffic.of(number, method)});
  };
  for (std::size_t i = 0; i < http::method_count; ++i) add(0, "none", static_cast<http::Method>(i));
  std::size_t number = 0;
  for (const api::Endpoint& endpoint : api.list()) {
    add(++number, endpoint.operation.name, endpoint.method);
    if (endpoint.method == http::Method::get) add(number, endpoint.operation.name, http::Method::head);
  }
  return all;
}

void add_requests(MetricsText& text, const MetricsSources& from) {
  static constexpr std::array<std::string_view, http::status_class_count> kClasses{"2xx", "3xx", "4xx", "5xx"};
  const http::Traffic traffic = from.server.traffic();
  const auto all = kinds(from.api, traffic);
  text.family("integrity_http_requests_total", counter, "Requests that were answered.");
  for (const Kind& kind : all) {
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
      text.sample({{"operation", kind.operation}, {"method", to_string(kind.method)}, {"status", kClasses[i]}},
                  kind.requests.by_status[i]);
    }
  }
  text.family("integrity_http_request_duration_seconds", histogram,
              "From the arrival of the whole head of a request until its response can be sent.");
  for (const Kind& kind : all) {
    text.histogram({{"operation", kind.operation}, {"method", to_string(kind.method)}}, kind.requests.durations,
                   Unit::seconds);
  }
  text.family("integrity_http_connections", gauge, "Open connections of clients.");
  text.sample(traffic.connections);
  text.family("integrity_http_received_bytes_total", counter, "Bytes that clients sent.");
  text.sample(traffic.received);
  text.family("integrity_http_sent_bytes_total", counter, "Bytes that clients were sent.");
  text.sample(traffic.sent);
  text.family("integrity_refusals_total", counter, "Responses that report a problem, by its slug.");
  for (const CodeInfo& code : all_codes()) {
    text.sample({{"slug", code.slug}}, traffic.problems[static_cast<std::size_t>(code.code)]);
  }
}

void add_guesses(MetricsText& text, const api::Guesses& guesses) {
  for (std::size_t i = 0; i < api::guess_outcome_count; ++i) {
    const auto outcome = static_cast<api::GuessOutcome>(i);
    text.sample({{"outcome", name_of(outcome)}}, guesses.of(outcome));
  }
}

void add_cache(MetricsText& text, std::string_view cache, const Lookups& lookups) {
  text.sample({{"cache", cache}, {"outcome", "hit"}}, lookups.hits);
  text.sample({{"cache", cache}, {"outcome", "miss"}}, lookups.misses);
}

void add_work(MetricsText& text, const MetricsSources& from, const store::Figures& figures) {
  const api::Services& services = from.services;
  const store::Meters& meters = services.store.meters;
  text.family("integrity_hash_queue", gauge, "Passwords that wait to be hashed.");
  text.sample(services.hash_pool.waiting());
  text.family("integrity_hash_wait_seconds", histogram, "How long a password waited before its hashing began.");
  text.histogram({}, services.hash_pool.waits().value(), Unit::seconds);
  text.family("integrity_write_queue", gauge, "Writes that wait for the writer.");
  text.sample(figures.write_queue);
  text.family("integrity_write_group_size", histogram, "Writes that were committed together.");
  text.histogram({}, meters.group_sizes.value(), Unit::one);
  text.family("integrity_commit_seconds", histogram, "How long committing a group took.");
  text.histogram({}, meters.commit_times.value(), Unit::seconds);
  text.family("integrity_cache_lookups_total", counter,
              "Lookups in caches. With MongoDB, only the token cache is used.");
  add_cache(text, "token", services.authenticator.lookups());
  add_cache(text, "product", figures.products);
  add_cache(text, "page", figures.pages);
}

void add_store(MetricsText& text, const MetricsSources& from, const store::Figures& figures) {
  const store::Meters& meters = from.services.store.meters;
  text.family("integrity_sessions", gauge, "Sessions that have not ended.");
  text.sample(figures.sessions);
  text.family("integrity_changes_total", counter, "Changes that this process has committed, by the kind of record.");
  for (std::size_t i = 0; i < store::record_kind_count; ++i) {
    text.sample({{"kind", store::name_of(static_cast<model::RecordKind>(i))}}, meters.changes[i].value());
  }
  text.family("integrity_store_errors_total", counter,
              "Reads, groups of writes and checks that failed because of the store.");
  text.sample(meters.errors.value());
  text.family("integrity_database_bytes", gauge, "Size of the database on the disk.");
  text.sample(figures.database_bytes);
  text.family("integrity_wal_bytes", gauge, "Size of SQLite's write-ahead log on the disk.");
  text.sample(figures.wal_bytes);
}

void add_host(MetricsText& text, const MetricsSources& from) {
  text.family("integrity_backups_total", counter, "Backups that this process has made.");
  text.sample({{"outcome", "done"}}, from.backups.done);
  text.sample({{"outcome", "failed"}}, from.backups.failed);
  text.family("integrity_backup_last_success_timestamp_seconds", gauge,
              "When the last successful backup was made; 0 if none is known.");
  text.sample(static_cast<std::uint64_t>(from.backups.last_success));
  text.family("integrity_tls_certificate_not_after_timestamp_seconds", gauge,
              "When the certificate in use expires; 0 without TLS.");
  text.sample(static_cast<std::uint64_t>(to_seconds(from.tls ? from.tls->not_after().value_or(Time()) : Time())));
  text.family("integrity_build_info", gauge, "Always 1; the labels say what runs.");
  text.sample({{"version", INTEGRITY_VERSION}, {"store", from.services.store.remote() ? "mongodb" : "sqlite"}}, 1);
  const ProcessFigures process = ProcessFigures::now();
  text.family("integrity_process_resident_memory_bytes", gauge, "Resident memory.");
  text.sample(process.resident_bytes);
  text.family("integrity_process_cpu_seconds_total", counter, "User and system CPU time.");
  text.sample(process.cpu);
  text.family("integrity_process_open_fds", gauge, "Open file descriptors.");
  text.sample(process.open_files);
  text.family("integrity_process_max_fds", gauge, "The limit of open file descriptors.");
  text.sample(process.open_files_max);
  text.family("integrity_process_start_time_seconds", gauge, "When the process was started, since 1970.");
  text.sample(process.started_at);
}

}  // namespace

std::string metrics_page(const MetricsSources& sources) {
  const store::Figures figures = sources.services.store.figures();
  MetricsText text;
  add_requests(text, sources);
  text.family("integrity_logins_total", counter, "First steps of logins, a password each, by how they ended.");
  add_guesses(text, sources.services.guesses.logins);
  text.family("integrity_codes_total", counter, "Codes of authenticators and recovery codes, by how they ended.");
  add_guesses(text, sources.services.guesses.codes);
  add_work(text, sources, figures);
  add_store(text, sources, figures);
  add_host(text, sources);
  return text.take();
}

}  // namespace integrity::app
