// An HTTP/1.1 server on TCP, or on TLS: one thread with an event loop per core, strict framing, limits on everything.
//
//   Server server(options, app);
//   std::uint16_t port = server.listen();   // throws std::system_error: address in use, …
//   server.run();                           // returns after stop(), when every request is answered or cut
//
// The server itself handles framing, header and body limits, time limits, keep-alive, Expect, HEAD without a body,
// pipelining, and the headers that every response carries. What a path means is decided by the Application.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/waiter.hpp"
#include "http/message.hpp"
#include "http/traffic.hpp"

namespace integrity::http {

class Tls;

struct Limits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t header_fields_max = 100;
  // For the bytes of bodies above 16 KiB each, of all connections together, so that a thousand uploads that never end
  // do not use up the memory. Smaller bodies are always accepted. A sender may hold as much as is still free, so there
  // is always some for the next one; strangers together may hold half. See BodyMemory.
  std::size_t large_bodies_bytes_max = 256 * 1024 * 1024;
  std::chrono::milliseconds handshake_time_max{10'000};
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
  // At `connections_max` a client is admitted only where another address has more connections than its own, and the
  // least useful one of that address is closed. With this, every client is admitted: of the address with most
  // connections, which may be its own, the one is closed that has waited longest for a request, or the rest of one.
  bool oldest_gives_way = false;
  // Their connections carry many clients each: not counted by address, and never closed to make room.
  std::vector<Address> trusted_proxies;
  std::chrono::milliseconds shutdown_grace{10'000};
  std::size_t workers = 0;         // 0: one for each core
  std::size_t operations_max = 0;  // the greatest Exchange::operation
  Limits limits;
  Tls* tls = nullptr;  // HTTPS, with this; it must outlive the server and every exchange. Null: plain HTTP
};

// A request with its reply to come. Shared: any holder may call `go_on` and `reply`, each once, from any thread. As a
// Waiter it is the client, which is gone when it has closed the connection or its side of it.
class Exchange : public Waiter {
 public:
  virtual const Request& request() const = 0;
  // After `admit`: the body may come. A larger one is refused with payload_too_large.
  virtual void go_on(std::size_t body_bytes_max) = 0;
  virtual void reply(Reply reply) = 0;
  // For the application, from `admit` to `serve`.
  std::shared_ptr<void> context;
  // Added to the reply whatever it is, including errors of the server itself after `admit`.
  Headers headers;
  // Under which number the request is counted (ServerOptions::operations_max); 0: under none. Set in `admit`.
  std::size_t operation = 0;
};

// Who is charged for a request where clients share a limited resource.
struct Sender {
  std::string source;  // what is counted together: an address, a network
  bool known = false;  // signed in; otherwise a stranger
};

class Application {
 public:
  virtual ~Application() = default;
  // `admit` and `serve` run on an I/O thread and must not block. Reply at once, or keep the exchange and reply later.
  //
  // The head has arrived. Call `reply` to refuse the request, whose body is then not read, or `go_on`. After `go_on` do
  // not use the exchange here: `serve` may have it before `go_on` returns.
  virtual void admit(std::shared_ptr<Exchange> exchange) = 0;
  // The whole request has arrived.
  virtual void serve(std::shared_ptr<Exchange> exchange) = 0;
  // The reply for an error of the server itself: bad_request, headers_too_large, request_timeout, payload_too_large, …
  virtual Reply refuse(const Error& error, std::string_view request_id) = 0;
  // Who is charged for an admitted request. Called for a large body, and while a body arrives if a connection must be
  // closed to make room.
  virtual Sender sender(Exchange& exchange) { return {exchange.request().peer.network(), false}; }
};

class Server {
 public:
  Server(ServerOptions options, Application& application);
  ~Server();
  std::uint16_t listen();
  void run();
  // Stops accepting, waits up to `shutdown_grace` for open requests, then cuts them. Safe from any thread, repeatedly.
  void stop();
  // Calls `done` once every event loop has run a handler that was posted now: on the thread of the last one. If a loop
  // hangs, or the server has ended, never. Safe from any thread.
  void ask_loops(std::function<void()> done);
  Traffic traffic() const;  // since the start; from any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace integrity::http
