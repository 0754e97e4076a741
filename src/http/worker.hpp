// One event loop, on one thread, with the connections that live there. Private to this folder.
//
// Everything but `adopt`, `turn_away`, `submit`, `ask_to_stop` and `load` is for the worker's own thread. A
// connection holds its worker, so that an exchange that outlives the server can still be given back
// without harm.
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

// Milliseconds are enough for limits of seconds, and this clock costs no more than a memory read.
struct CoarseClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoarseClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};

// Where there is neither memory nor time for more.
inline constexpr std::string_view overloaded_answer =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

// Whose connections are counted together: one address (IPv6: a /64), or the /48 of many of them, which one customer of a
// provider may have.
struct Holder {
  Address base;
  std::size_t bytes;  // of `base` that count
  bool has(const Address& peer) const {
    return base.v4() == peer.v4() && std::memcmp(base.bytes.data(), peer.bytes.data(), bytes) == 0;
  }
};

// Counts connections, in all and by address; those of trusted proxies only in all. Safe from any thread.
class Gate {
 public:
  explicit Gate(const ServerOptions& options, std::size_t total_max);
  // Where `total_max` is reached, an address that has fewer connections than others enters all the same. `evict` is then
  // whose connection has to go: of the first one that has any that can be closed. A few may be inside over the limit, until
  // that has happened; half of these places are for networks that have no other.
  bool enter(const Address& peer, std::vector<Holder>& evict);
  void leave(const Address& peer) noexcept;
  bool trusts(const Address& peer) const;

  // Connections that are only there to be told why they may not enter: few at a time.
  bool enter_to_be_told() noexcept;
  void leave_told() noexcept { --being_told_; }

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
  const std::vector<Address> trusted_;
  std::mutex mutex_;
  std::size_t total_ = 0;
  Counts networks_;                    // IPv6 by /48, IPv4 by address
  std::map<Bytes, Counts> addresses_;  // of each network
  std::atomic<std::size_t> being_told_ = 0;
};

// The memory of large bodies, shared out as switches do it with their buffers (Choudhury and Hahne, "Dynamic Queue Length
// Thresholds", 1998): nobody may hold more than what is free. So some is always free, however many are greedy, and nothing
// has to be taken away from anybody. Safe from any thread.
class BodyMemory {
 public:
  explicit BodyMemory(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // too_many_attempts for who holds some already, overloaded otherwise.
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

// What a connection that waits is told about its open request.
struct Admitted {
  std::shared_ptr<PendingExchange> exchange;
  std::size_t body_bytes_max = 0;
};
struct Answered {
  std::optional<Reply> reply;  // none if the exchange was given up without one
  Headers carried;
};
struct PartMade {
  bool made = false;  // false: given up, or failed
  bool more = false;
  std::string part;
  BodySource source;
};
using Word = std::variant<Admitted, Answered, PartMade>;
struct Message {
  std::shared_ptr<Connection> to;
  Word word;
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

  // Until stopped, with every connection ended.
  void run();
  void adopt(Socket socket,
             const Address& peer);  // a socket of this worker's context, past the gate
  // A socket of this worker's context that did not pass the gate, but `enter_to_be_told`: is told that the server is overloaded, and ends.
  void turn_away(Socket socket, const Address& peer);
  // How well a connection here can be closed; the lowest is best. It is one of the first of the holders, as idle as there
  // is, and never one that is being answered.
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
  bool stopping() const { return stop_at_.has_value(); }
  std::string next_request_id();
  std::string_view date();
  void remove(Connection& connection);

 private:
  struct ToClose {
    std::size_t rank = nothing_to_close;
    std::shared_ptr<Connection> connection;
  };
  ToClose find_to_close(const std::vector<Holder>& holders);
  std::shared_ptr<Connection> add(Socket socket, const Address& peer, bool counted);
  void leave(const Address& peer, bool counted) noexcept;
  void empty_inbox();
  void begin_to_stop();
  void end_if_done();
  void schedule_tick();
  void tick();
  void look_at(Connection& connection, CoarseClock::time_point now) noexcept;
  void close_all();

  asio::io_context context_{1};
  asio::executor_work_guard<IoExecutor> guard_;
  Timer timer_;
  const ServerOptions options_;
  Application& application_;
  std::shared_ptr<Shared> shared_;
  std::function<void()> on_tick_;
  bool tick_is_set_ = false;

  std::vector<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> load_ = 0;
  std::optional<CoarseClock::time_point> stop_at_;  // set: no new requests; then: cut what is left

  std::mutex inbox_mutex_;
  std::vector<Message> inbox_;
  bool inbox_closed_ = false;

  std::array<std::uint8_t, 6> id_prefix_{};
  std::uint64_t id_counter_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace integrity::http
