// HTTP/1.1 on TCP: one thread and one event loop per core, strict framing, limits on everything.
//
//   Server server(options, app);
//   std::uint16_t port = server.listen();   // throws std::system_error: address in use, …
//   server.run();                           // returns after stop(), every request answered or cut
//
// What the server sees to itself (product.md, Conventions, "The connection"): framing, header and
// body limits, time limits, keep-alive, Expect, HEAD without a body, pipelining, the headers that
// every answer carries. What a path means is the Application's business.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/waiter.hpp"
#include "http/message.hpp"

namespace integrity::http {

struct Limits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t header_fields_max = 100;
  // Of all connections together, for what a body has above 16 KiB: a thousand uploads that never end must not take the
  // memory of everybody else. Smaller bodies are always taken. Who sends may hold as much as is still free, so there is
  // always some for the next one; strangers have one half of it together.
  std::size_t large_bodies_bytes_max = 256 * 1024 * 1024;
  std::chrono::milliseconds header_time_max{10'000};
  std::chrono::milliseconds body_idle_max{15'000};
  std::size_t body_bytes_per_second_min = 500;
  std::chrono::milliseconds write_stall_max{30'000};
  std::chrono::milliseconds keep_alive_max{60'000};
};

struct ServerOptions {
  std::string host = "127.0.0.1";  // an IPv4 or IPv6 address
  std::uint16_t port = 8080;       // 0 takes a free one
  std::size_t connections_max = 16384;
  std::size_t connections_per_address_max = 1024;  // of IPv6: per /64
  // Their connections are those of many clients: not counted by address, and never closed to make room.
  std::vector<Address> trusted_proxies;
  std::chrono::milliseconds shutdown_grace{10'000};
  Limits limits;
};

// A request being answered. Shared: whoever holds it may let it go on or answer, each once, from any thread.
// Its waiter is the client, which has gone when it has closed the connection or its side of it.
class Exchange : public Waiter {
 public:
  virtual const Request& request() const = 0;
  // Out of `admit`: the rest of the request may come. Above this limit the server answers `refuse`.
  virtual void go_on(std::size_t body_bytes_max) = 0;
  virtual void reply(Reply reply) = 0;
  // Whatever the application wants to remember between `admit` and `serve`.
  std::shared_ptr<void> context;
  // Carried by the answer whatever it turns out to be, the server's own refusals after `admit`
  // included.
  Headers headers;
};

// Whose a request is, where clients share what there is only so much of.
struct Sender {
  std::string source;  // what is counted together: an address, a network
  bool known = false;  // not a stranger
};

class Application {
 public:
  virtual ~Application() = default;
  // On an I/O thread, both: do not block. Answer now, or keep the exchange and answer later.
  //
  // The head has arrived. Decide all that the head decides: `reply` is a refusal, and the body is not read; `go_on` is the
  // last thing done with the exchange here, for `serve` may have it before that returns.
  virtual void admit(std::shared_ptr<Exchange> exchange) = 0;
  // The whole request is there.
  virtual void serve(std::shared_ptr<Exchange> exchange) = 0;
  // An answer for what the server refuses itself: bad_request, headers_too_large, request_timeout,
  // payload_too_large, …
  virtual Reply refuse(const Error& error, std::string_view request_id) = 0;
  // Of a request that was admitted. Asked only where its body is large.
  virtual Sender sender(Exchange& exchange) { return {exchange.request().peer.network(), false}; }
};

class Server {
 public:
  Server(ServerOptions options, Application& application);
  ~Server();
  std::uint16_t listen();
  void run();
  // Asks, waits for `shutdown_grace`, insists. Safe from any thread and from several.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace integrity::http
