// One event loop, on one thread, with the connections that live there. Private to this folder.
//
// Everything but `adopt`, `submit`, `ask_to_stop` and `load` is for the worker's own thread. A
// connection holds its worker, so that an exchange that outlives the server can still be given back
// without harm.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

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

// Counts connections, in all and by address (IPv6: by /64, which is what one client has), and the memory of large bodies.
// Safe from any thread.
class Gate {
 public:
  Gate(std::size_t total_max, std::size_t per_address_max, std::size_t large_bodies_bytes_max)
      : total_max_(total_max), per_address_max_(per_address_max), body_bytes_left_(large_bodies_bytes_max) {}
  bool enter(const Address& peer);
  void leave(const Address& peer);
  bool take_body_bytes(std::size_t count);
  void give_back_body_bytes(std::size_t count) { body_bytes_left_ += count; }

 private:
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };
  const std::size_t total_max_;
  const std::size_t per_address_max_;
  std::mutex mutex_;
  std::size_t total_ = 0;
  std::unordered_map<Address, std::size_t, Hash> by_address_;
  std::atomic<std::size_t> body_bytes_left_;
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
  Worker(const ServerOptions& options, Application& application, std::shared_ptr<Gate> gate);
  ~Worker();

  // Until stopped, with every connection ended.
  void run();
  void adopt(Socket socket,
             const Address& peer);  // a socket of this worker's context, past the gate
  void submit(Message message);
  void ask_to_stop();
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

  static Worker* current();  // of the calling thread, or null
  asio::io_context& context() { return context_; }
  Application& application() { return application_; }
  const Limits& limits() const { return options_.limits; }
  Gate& gate() { return *gate_; }
  bool stopping() const { return stop_at_.has_value(); }
  std::string next_request_id();
  std::string_view date();
  void remove(Connection& connection);

 private:
  void add(Socket socket, const Address& peer);
  void empty_inbox();
  void begin_to_stop();
  void end_if_done();
  void schedule_tick();
  void tick();
  void close_all();

  asio::io_context context_{1};
  asio::executor_work_guard<IoExecutor> guard_;
  Timer timer_;
  const ServerOptions options_;
  Application& application_;
  std::shared_ptr<Gate> gate_;

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
