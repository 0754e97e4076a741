// A worker: one event loop on one thread, with the connections that it serves. There is one for each core. Also what
// all workers share: the Gate, which counts connections, and the BodyMemory. Private to this folder.
//
// The first worker accepts each connection and gives it to the worker that has fewest (server.cpp), where it stays.
// Requests are read and replies written on the worker's thread, without locks. Replies that are ready on another thread
// come through the inbox (`submit`): all that arrive before the worker wakes up cost one wake-up.
//
// Every 250 ms a tick checks the deadline of each connection. That is cheaper than a timer that each request sets and
// cancels; a time limit may take effect that much later.
//
// `adopt`, `submit`, `ask_to_stop` and `load` may be called from any thread, everything else from the
// worker's own. A connection holds its worker, so an exchange may safely be answered after the server has ended.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "http/asio.hpp"
#include "http/server.hpp"

namespace integrity::http {

class Connection;

// CLOCK_MONOTONIC_COARSE: exact to some milliseconds, enough for limits of seconds, and as cheap as a memory read.
struct CoarseClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoarseClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};

// Whose connections are counted together: one address (IPv6: a /64), or the /48 of many of them, which one customer of a
// provider may have.
struct Holder {
  Address base;
  std::size_t bytes;  // of `base` that count
  bool has(const Address& peer) const {
    return base.v4() == peer.v4() && std::memcmp(base.bytes.data(), peer.bytes.data(), bytes) == 0;
  }
};

// Limits connections, in total and by address; those of trusted proxies only in total. Safe from any thread.
class Gate {
 public:
  explicit Gate(const ServerOptions& options, std::size_t total_max);
  // False if the connection must be refused. When `total_max` is reached, a connection of an address that has at least
  // two fewer than others is still admitted. `evict` then lists the holders with more connections, largest first: the
  // caller closes one connection of the first holder that has a closable one. (`oldest_gives_way`: an address with any
  // number of connections is still admitted, and all holders are listed.) Until that is done, the total may exceed
  // the limit by up to 32; half of these are for networks that have no connection. Where these are taken too, the
  // connection is refused, but now and then `evict` is filled: there is room for the next one.
  bool enter(const Address& peer, std::vector<Holder>& evict);
  void leave(const Address& peer) noexcept;
  bool trusts(const Address& peer) const;

  // Up to 32 refused connections at a time stay open until they have read why. False if that many are open.
  bool enter_to_be_refused() noexcept;
  void leave_refused() noexcept { --being_refused_; }

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  struct Counts {
    std::map<Bytes, std::size_t> by_key;
    std::set<std::pair<std::size_t, Bytes>> by_count;  // the same, ordered by who has most

    std::size_t of(const Bytes& key) const;
    void add(const Bytes& key);
    void remove(const Bytes& key) noexcept;
    void move(const Bytes& key, std::size_t from, std::size_t to) noexcept;
  };
  void count(const Bytes& network, const Bytes& address);
  std::vector<Holder> who_has_more(const Bytes& network, const Bytes& address) const;

  const std::size_t total_max_;
  const std::size_t per_address_max_;
  const bool oldest_gives_way_;
  const std::vector<Address> trusted_;
  std::mutex mutex_;
  std::size_t total_ = 0;
  CoarseClock::time_point refused_makes_room_at_{};
  Counts networks_;                    // IPv6 by /48, IPv4 by address
  std::map<Bytes, Counts> addresses_;  // of each network
  std::atomic<std::size_t> being_refused_ = 0;
};

// The memory for large bodies, shared as network switches share their buffers (Choudhury and Hahne, "Dynamic Queue
// Length Thresholds", 1998): no sender may hold more than what is free. So some always stays free, however many senders
// there are, and nothing has to be taken back. Strangers together hold at most half. Safe from any thread.
class BodyMemory {
 public:
  explicit BodyMemory(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // Errors: too_many_attempts for a sender that holds some already, overloaded otherwise.
  Status take(const Sender& sender, std::size_t bytes);
  void give_back(const Sender& sender, std::size_t bytes) noexcept;

 private:
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::size_t held_ = 0;
  std::size_t held_by_strangers_ = 0;
  std::map<std::string, std::size_t> by_source_;
};

class PendingExchange;

// What can happen to the open request of a connection that waits.
struct Admitted {
  std::shared_ptr<PendingExchange> exchange;
  std::size_t body_bytes_max = 0;
};
struct Answered {
  std::optional<Reply> reply;  // none if the exchange was dropped without one
  Headers carried;
  std::size_t operation = 0;
};
struct PartMade {
  bool made = false;  // false: the job was dropped or failed
  bool more = false;
  std::string part;
  BodySource source;
};
using Event = std::variant<Admitted, Answered, PartMade>;
struct Message {
  std::shared_ptr<Connection> to;
  Event event;
};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  struct Shared {
    Shared(const ServerOptions& options, std::size_t connections_max)
        : gate(options, connections_max), bodies(options.limits.large_bodies_bytes_max) {}
    Gate gate;
    BodyMemory bodies;
  };
  Worker(const ServerOptions& options, Application& application, std::shared_ptr<Shared> shared);
  ~Worker();

  // Returns when the worker has been stopped and every connection is closed.
  void run();
  // Takes a socket of this worker's context. `counted`: it has passed `Gate::enter`. Otherwise it has only passed
  // `Gate::enter_to_be_refused`, gets 503 and is closed.
  void adopt(Socket socket, const Address& peer, bool counted);
  // Rank of this worker's best candidate for closing; lower is better. Earlier holders first, then idle connections
  // (`oldest_gives_way`: then the oldest).
  // Never one whose request is being answered.
  static constexpr std::size_t nothing_to_close = SIZE_MAX;
  std::size_t rank_to_close(const std::vector<Holder>& holders) { return find_to_close(holders).rank; }
  bool close_one_of(const std::vector<Holder>& holders);  // the best one; false: there is none
  void on_tick(std::function<void()> function) { on_tick_ = std::move(function); }  // before `run`
  void submit(Message message) noexcept;
  void ask_to_stop();
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

  static Worker* current();  // of the calling thread, or null
  asio::io_context& context() { return context_; }
  Application& application() { return application_; }
  const Limits& limits() const { return options_.limits; }
  BodyMemory& bodies() { return shared_->bodies; }
  Tls* tls() const { return options_.tls; }
  std::string_view overloaded_response() const { return overloaded_response_; }  // as the transport needs it
  TrafficTally& traffic() { return traffic_; }
  bool stopping() const { return stop_at_.has_value(); }
  // Whether this thread has lately not run for so long that requests may have waited in the kernel, unread: the process was
  // stopped, or its host was.
  bool was_held() const;
  std::string next_request_id();
  std::string_view date();
  void remove(Connection& connection);
  std::uint64_t next_turn() { return ++turns_; }  // tells which of two connections has waited longer

 private:
  struct ToClose {
    std::size_t rank = nothing_to_close;
    std::shared_ptr<Connection> connection;
  };
  ToClose find_to_close(const std::vector<Holder>& holders);
  std::shared_ptr<Connection> add(Socket socket, const Address& peer, bool counted);
  void leave(const Address& peer, bool counted) noexcept;
  bool run_some();
  void empty_inbox();
  void begin_to_stop();
  void end_if_done();
  void schedule_tick();
  void tick();
  void check(Connection& connection, CoarseClock::time_point now) noexcept;
  void close_all();

  asio::io_context context_{1};
  asio::executor_work_guard<IoExecutor> guard_;
  Timer timer_;
  const ServerOptions options_;
  const std::string overloaded_response_;
  Application& application_;
  std::shared_ptr<Shared> shared_;
  std::function<void()> on_tick_;
  bool tick_is_set_ = false;
  CoarseClock::time_point last_tick_ = CoarseClock::now();
  CoarseClock::time_point held_until_{};

  std::vector<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> load_ = 0;
  std::uint64_t turns_ = 0;
  TrafficTally traffic_;
  // Set when stopping: no new requests any more, and at that time open ones are cut.
  std::optional<CoarseClock::time_point> stop_at_;

  std::mutex inbox_mutex_;
  std::vector<Message> inbox_;
  bool inbox_closed_ = false;

  std::array<std::uint8_t, 6> id_prefix_{};
  std::uint64_t id_counter_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace integrity::http
