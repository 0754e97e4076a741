#include "http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/cpus.hpp"
#include "base/log.hpp"
#include "http/worker.hpp"

namespace integrity::http {
namespace {

// Descriptors that are not for clients: the store's files, the log, the control socket; and for connections above the
// limit (worker.cpp).
constexpr std::size_t descriptors_reserved = 128;

void check(const error_code& error, const char* what) {
  if (error) throw std::system_error(std::error_code(error), what);
}

// Raises the limit of open files as far as allowed. Returns how many connections then fit.
std::size_t raise_descriptor_limit(std::size_t connections_wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections_wanted;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur <= descriptors_reserved) return 1;
  const std::size_t room = limit.rlim_cur - descriptors_reserved;
  if (room < connections_wanted) {
    log::event("http.connections.limited", {{"by", "open files"}, {"to", std::to_string(room)}});
  }
  return std::min(room, connections_wanted);
}

Address address_of(const asio::ip::address& from) {
  Address address;
  const auto v6 = from.is_v6() ? from.to_v6() : asio::ip::make_address_v6(asio::ip::v4_mapped, from.to_v4());
  const auto bytes = v6.to_bytes();
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

}  // namespace

struct Server::Impl {
  ServerOptions options;
  std::shared_ptr<Worker::Shared> shared;
  std::vector<std::shared_ptr<Worker>> workers;
  // These live on the first worker's loop.
  Acceptor acceptor;
  bool accepting = false;
  std::size_t turn = 0;

  Impl(ServerOptions given, Application& application)
      : options(std::move(given)),
        shared(std::make_shared<Worker::Shared>(options, raise_descriptor_limit(options.connections_max))),
        workers(make_workers(options, application, shared)),
        acceptor(workers.front()->context()) {
    workers.front()->on_tick([this] {
      if (acceptor.is_open() && !accepting) accept();
    });
  }

  static std::vector<std::shared_ptr<Worker>> make_workers(const ServerOptions& options, Application& application,
                                                           const std::shared_ptr<Worker::Shared>& shared) {
    std::vector<std::shared_ptr<Worker>> workers;
    const std::size_t count = options.workers != 0 ? options.workers : cpus_allowed();
    for (std::size_t i = 0; i < count; ++i) {
      workers.push_back(std::make_shared<Worker>(options, application, shared));
    }
    return workers;
  }

  std::uint16_t listen() {
    error_code error;
    const auto host = asio::ip::make_address(options.host, error);
    check(error, "listen address");
    const asio::ip::tcp::endpoint endpoint(host, options.port);
    acceptor.open(endpoint.protocol(), error);
    check(error, "socket");
    acceptor.set_option(Acceptor::reuse_address(true), error);
    check(error, "SO_REUSEADDR");
    acceptor.bind(endpoint, error);
    check(error, "bind");
    acceptor.listen(Acceptor::max_listen_connections, error);
    check(error, "listen");
    return acceptor.local_endpoint().port();
  }

  // The one with the fewest connections; equals take turns.
  Worker& next_worker() {
    ++turn;
    Worker* best = nullptr;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      auto& worker = *workers[(turn + i) % workers.size()];
      if (!best || worker.load() < best->load()) best = &worker;
    }
    return *best;
  }

  // Accepts until it fails. Without descriptors or memory the same connection would fail again at once, so the next
  // tick tries again.
  void accept() {
    auto& worker = next_worker();
    accepting = true;
    try {
      acceptor.async_accept(worker.context(), [this, &worker](error_code error, Socket socket) {
        accepting = false;
        if (!acceptor.is_open()) return;
        if (!error) take(worker, std::move(socket));
        // A client that left while it was queued is not a reason to wait.
        if (!error || error == asio::error::connection_aborted) return accept();
        log::event("http.accept.paused", {{"cause", error.message()}});
      });
    } catch (const std::exception& error) {
      log::fault(error.what());
      accepting = false;
    }
  }

  void take(Worker& worker, Socket socket) noexcept try {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;
    const auto peer = address_of(endpoint.address());
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    socket.non_blocking(true, error);
    std::vector<Holder> holders;
    if (shared->gate.enter(peer, holders)) {
      worker.adopt(std::move(socket), peer);
    } else {
      turn_away(worker, std::move(socket), peer);
    }
    if (!holders.empty()) evict({std::move(holders)});
  } catch (const std::exception& error) {
    log::fault(error.what());
  }

  // A few get a full reply, which needs a descriptor until they have read it. The others get one attempt to send it.
  void turn_away(Worker& worker, Socket socket, const Address& peer) {
    if (shared->gate.enter_to_be_refused()) return worker.turn_away(std::move(socket), peer);
    workers.front()->traffic().add_turned_away();
    error_code ignored;
    socket.write_some(asio::buffer(overloaded_response.data(), overloaded_response.size()), ignored);
    socket.shutdown(Socket::shutdown_send, ignored);
  }

  // Asks one worker after the other, then has the best connection closed.
  struct Eviction {
    std::vector<Holder> holders;
    std::size_t asked = 0;
    std::size_t best_rank = Worker::nothing_to_close;
    Worker* best = nullptr;
  };
  void evict(Eviction eviction) {
    Worker& worker = *workers[eviction.asked];
    asio::post(worker.context(), [this, &worker, eviction = std::move(eviction)]() mutable {
      const auto rank = worker.rank_to_close(eviction.holders);
      if (rank < eviction.best_rank) {
        eviction.best_rank = rank;
        eviction.best = &worker;
      }
      if (eviction.best_rank > 0 && ++eviction.asked < workers.size()) return evict(std::move(eviction));
      if (!eviction.best) return;
      auto& context = eviction.best->context();
      asio::post(context, [this, best = eviction.best, holders = std::move(eviction.holders)]() mutable {
        // Another newcomer may have had the same one closed.
        if (!best->close_one_of(holders)) evict({std::move(holders)});
      });
    });
  }

  void stop_accepting() {
    error_code ignored;
    acceptor.close(ignored);
  }
};

Server::Server(ServerOptions options, Application& application)
    : impl_(std::make_unique<Impl>(std::move(options), application)) {}

Server::~Server() = default;

std::uint16_t Server::listen() {
  return impl_->listen();
}

void Server::run() {
  asio::post(impl_->workers.front()->context(), [this] {
    if (impl_->acceptor.is_open()) impl_->accept();
  });
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < impl_->workers.size(); ++i) {
    threads.emplace_back([worker = impl_->workers[i].get()] { worker->run(); });
  }
  impl_->workers.front()->run();
}

Traffic Server::traffic() const {
  Traffic all(impl_->options.operations_max);
  for (const auto& worker : impl_->workers) {
    all.connections += worker->load();
    worker->traffic().add_to(all);
  }
  return all;
}

void Server::stop() {
  asio::post(impl_->workers.front()->context(), [this] { impl_->stop_accepting(); });
  for (const auto& worker : impl_->workers) worker->ask_to_stop();
}

}  // namespace integrity::http
