#include "app/serve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <iostream>
#include <memory>
#include <system_error>
#include <variant>

#include "api/api.hpp"
#include "app/backup_job.hpp"
#include "app/clock_watch.hpp"
#include "app/control.hpp"
#include "app/host.hpp"
#include "app/host_commands.hpp"
#include "app/metrics.hpp"
#include "app/metrics_server.hpp"
#include "app/notify.hpp"
#include "app/option_values.hpp"
#include "app/periodic.hpp"
#include "app/signals.hpp"
#include "app/tls_files.hpp"
#include "auth/authenticator.hpp"
#include "auth/token.hpp"
#include "base/cpus.hpp"
#include "base/fair_pool.hpp"
#include "base/free_by.hpp"
#include "base/log.hpp"
#include "catalog/catalog.hpp"
#include "catalog/product_rules.hpp"
#include "crypto/digest.hpp"
#include "http/server.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kStoreThreads = 32;
constexpr std::size_t kRemoteSearchThreads = 8;
constexpr std::chrono::seconds kStoreWait{4};  // a read from a primary that hangs takes 5 s more: less than 10 s in all

auth::TokenKey token_key(Config& config, const Keys& keys) {
  if (config.jwt_secret_key) return auth::TokenKey::hs256(std::move(*config.jwt_secret_key));
  return auth::TokenKey::es256(keys.token);
}

std::vector<http::Address> addresses(const std::vector<std::string>& texts) {
  std::vector<http::Address> out;
  for (const std::string& text : texts) {
    if (const auto address = http::Address::parse(text)) out.push_back(*address);
  }
  return out;
}

// Behind a trusted proxy everybody reaches this server under the proxy's name, so a page that gets here in another way
// (DNS rebinding) gains nothing. Proxies send the name that the client used, or their own name for this server.
api::Hosts hosts(const Config& config) {
  const bool any = config.hosts.empty() && (!config.on_loopback() || !config.trusted_proxies.empty());
  return any ? api::Hosts() : api::Hosts(config.hosts);
}

// The metrics have an address of their own, which a scraper reaches by whatever name leads there: --hosts are the names
// of the API. Only on loopback a web page may try (DNS rebinding).
api::Hosts metrics_hosts(const Config& config) {
  return is_loopback(config.metrics_host) ? api::Hosts(config.hosts) : api::Hosts();
}

http::ServerOptions server_options(const Config& config, std::size_t operations_max, http::Tls* tls) {
  return {.host = config.listen_host,
          .port = config.listen_port,
          .connections_max = config.max_connections,
          .connections_per_address_max = config.max_connections_per_address,
          .trusted_proxies = addresses(config.trusted_proxies),
          .shutdown_grace = config.shutdown_grace,
          .operations_max = operations_max,
          .limits = {},
          .tls = tls};
}

std::string authority(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Error cannot_listen(const std::string& option, const std::string& host, std::uint16_t port,
                    const std::error_code& why) {
  std::string advice;
  if (why == std::errc::address_in_use) advice = "; stop what uses the port, or choose another one with " + option;
  if (why == std::errc::address_not_available)
    advice = "; this machine has no such address; choose another one with " + option;
  if (why == std::errc::permission_denied)
    advice = "; choose a port from 1024 on with " + option + ", or grant CAP_NET_BIND_SERVICE";
  return {Code::unavailable, "cannot listen on " + authority(host, port) + ": " + why.message() + advice};
}

Result<std::uint16_t> listen(http::Server& server, const Config& config) {
  try {
    return server.listen();
  } catch (const std::system_error& error) {
    return cannot_listen("--listen", config.listen_host, config.listen_port, error.code());
  }
}

Status start_metrics(MetricsServer& metrics, const Config& config) {
  try {
    const std::uint16_t port = metrics.start();
    log::event("metrics.listening",
               {{"address", authority(config.metrics_host, port)}, {"port", std::to_string(port)}});
    return {};
  } catch (const std::system_error& error) {
    return cannot_listen("--metrics-listen", config.metrics_host, config.metrics_port, error.code());
  }
}

Status can_listen(const std::string& option, const std::string& host, std::uint16_t port) {
  addrinfo numeric{};
  numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  numeric.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &numeric, &found) != 0) return {};
  const std::unique_ptr<addrinfo, FreeBy<::freeaddrinfo>> address(found);
  const Fd probe(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!probe.valid() || (::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                         ::bind(probe.get(), address->ai_addr, address->ai_addrlen) == 0)) {
    return {};
  }
  return cannot_listen(option, host, port, std::error_code(errno, std::generic_category()));
}

// Whether the addresses are free and the folder can be used; called before anything is made. The server listens only
// once everything is ready; if another process has taken a port by then, that fails.
Status can_start(const Config& config) {
  if (config.mongo_uri.empty()) INTEGRITY_CHECK(can_make_folder(config.data));
  INTEGRITY_CHECK(can_listen("--listen", config.listen_host, config.listen_port));
  if (config.metrics_host.empty()) return {};
  return can_listen("--metrics-listen", config.metrics_host, config.metrics_port);
}

std::string perform_and_log(const HostActs& acts, std::string_view request, const Progress& progress) {
  Performed done = acts.perform(request, progress);
  log::event("host.act", {{"act", done.act}, {"user", done.username}, {"outcome", done.outcome}});
  return std::move(done.reply);
}

// Another node may have made the store accept another key, although that should be done with all nodes stopped.
Status keys_of_all_nodes(const Host& host) {
  if (!host.store->remote()) return {};
  const Status fit = host.expect_keys();
  return fit || fit.error().code != Code::precondition_failed ? Status() : fit;
}

// While nobody is admin: says so, and how to make one. Not where the first account will become one by itself.
void warn_without_admin(const Host& host, std::ostream* out = nullptr) {
  const auto tx = host.store->read();
  if (tx->active_admins() > 0) return;
  const auto& context = host.accounts.context;
  if (context.rules.first_admin_on_loopback && !context.proxy_seen && !tx->any_account_confirmed()) return;
  constexpr std::string_view kCure =
      "integrity user add NAME --role admin, or for an account that exists: integrity user role NAME admin";
  log::event("no-admin", {{"cure", kCure}});
  if (out != nullptr) *out << "there is no admin; make one: " << kCure << std::endl;
}

// systemd ends a service that stops for longer than TimeoutStopSec, or than the time named here. After the grace, what
// is left are jobs in progress and the last commit.
std::string stopping(const Config& config) {
  const auto time = std::chrono::microseconds(config.shutdown_grace + std::chrono::seconds(30));
  return "STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(time.count());
}

// The writer works if it comes to a write that changes nothing, whatever the store says about it. A full queue refuses
// the write before the writer has seen it: also the queue of a writer that hangs.
Probe writer_of(store::Store& store) {
  return [&store](std::function<void(bool)> answer) {
    store.submit(store::make_job<std::monostate>(
        {}, [](store::WriteTx&) -> Result<std::monostate> { return std::monostate(); },
        [answer = std::move(answer)](const Result<std::monostate>& done) {
          answer(done || done.error().code != Code::overloaded);
        }));
  };
}

}  // namespace

Status serve(Config config) {
  INTEGRITY_CHECK(can_start(config));
  const Notifier manager = Notifier::from_environment();
  Signals signals;
  INTEGRITY_TRY(const auto https, Https::open(config));
  INTEGRITY_TRY(const auto host, Host::open(config));
  host->accounts.sign_in.expect_stored_hashes();
  const auth::Tokens tokens(token_key(config, host->keys), config.issuer, config.audience);
  auth::Authenticator authenticator(*host->store, tokens, host->clock, &host->accounts.api_keys);
  catalog::set_text_options(config.texts);
  catalog::Catalog catalog(*host->random, host->clock,
                           {.currency = config.currency, .require_version = config.require_version});
  const std::size_t cores = cpus_allowed();
  auto hash_pool = std::make_unique<FairPool>(FairPool::Options{.threads = cores});
  // Room and time for one part of a list on each of a thousand connections: a list ends incomplete if a part is
  // refused. With a remote store the threads mostly wait.
  auto search_pool =
      std::make_unique<FairPool>(FairPool::Options{.threads = host->store->remote() ? kRemoteSearchThreads : cores,
                                                   .nice = 5,
                                                   .queue_max = 1024,
                                                   .wait_max = kStoreWait});
  // Its threads mostly wait for MongoDB.
  auto store_pool = host->store->remote()
                        ? std::make_unique<FairPool>(FairPool::Options{
                              .threads = kStoreThreads, .nice = 0, .queue_max = 1024, .wait_max = kStoreWait})
                        : nullptr;
  api::Services services{.store = *host->store,
                         .accounts = host->accounts,
                         .authenticator = authenticator,
                         .tokens = tokens,
                         .hash_pool = *hash_pool,
                         .search_pool = *search_pool,
                         .store_pool = store_pool.get(),
                         .catalog = catalog,
                         .clock = host->clock,
                         .random = *host->random,
                         // Derived from a stored key, so that cursors stay valid after a restart.
                         .cursor_key = crypto::derive_key(host->keys.secrets.reveal(), "integrity/cursors"),
                         .trusted_proxies = addresses(config.trusted_proxies),
                         .cors_origins = config.cors_origins,
                         .hosts = hosts(config),
                         .signup_open_on_loopback = !config.signup_named,
                         .require_version = config.require_version};
  api::Api api(services);
  http::Server server(server_options(config, api.list().size(), https ? &https->tls : nullptr), api);

  INTEGRITY_TRY(const std::uint16_t port, listen(server, config));
  HostActs acts;
  add_account_acts(acts, host->accounts);
  auto backups = std::make_unique<BackupJob>(config, host->clock);
  add_backup_act(acts, *backups);
  std::unique_ptr<ControlServer> control;  // none with MongoDB, where a command is a node of its own
  if (host->folder) {
    INTEGRITY_TRY(control, ControlServer::start(DataFolder::control_in(config.data),
                                                [&](std::string_view request, const Progress& progress) {
                                                  return perform_and_log(acts, request, progress);
                                                }));
  }
  const auto stop = [&] {
    manager.send(stopping(config));
    server.stop();
  };
  std::unique_ptr<MetricsServer> metrics;
  if (!config.metrics_host.empty()) {
    metrics = std::make_unique<MetricsServer>(
        config.metrics_host, config.metrics_port, metrics_hosts(config),
        [sources = MetricsSources{server, api, services, backups->tally(), https ? &https->tls : nullptr}] {
          return metrics_page(sources);
        });
    INTEGRITY_CHECK(start_metrics(*metrics, config));
  }
  Status keys_fit;
  auto admin_missing = std::make_unique<Periodic>(std::chrono::hours(1), [&] { warn_without_admin(*host); });
  ClockWatch clock_watch(host->clock.now(), since_boot());
  auto clock_watched = std::make_unique<Periodic>(std::chrono::seconds(1), [&] { log_jump(clock_watch, host->clock); });
  auto sweeper = std::make_unique<Periodic>(std::chrono::minutes(1), [&] {
    host->accounts.sweep();
    api::sweep_stored_responses(*host->store);
    keys_fit = keys_of_all_nodes(*host);
    if (!keys_fit) stop();
  });
  auto watchdog = std::make_unique<Watchdog>(
      manager,
      std::vector<Probe>{[&](auto answer) { server.ask_loops([answer] { answer(true); }); }, writer_of(*host->store)});
  signals.watch(stop, [&] {
    if (https) https->files.reload();
  });
  std::cout << "listening on " << (https ? "https://" : "http://") << authority(config.listen_host, port) << std::endl;
  warn_without_admin(*host, &std::cout);
  server.ask_loops([&] { manager.send("READY=1"); });
  backups->begin();
  server.run();
  signals.unwatch();  // waits if it is inside server.stop()

  // Jobs for clients that were cut may still be running, and need the API: they end first, then the API.
  metrics.reset();
  backups->stop();  // before the commands that wait for one are told to stop
  control.reset();
  watchdog.reset();
  backups.reset();
  sweeper.reset();
  clock_watched.reset();
  admin_missing.reset();
  hash_pool.reset();
  search_pool.reset();
  store_pool.reset();
  host->accounts.api_keys.flush(true);
  host->store.reset();
  log::flush_refusals();
  log::event("stopped");
  return keys_fit;
}

}  // namespace integrity::app
