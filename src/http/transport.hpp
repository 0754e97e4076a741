// The bytes of one connection: a non-blocking socket, with or without TLS. The Connection above it does not know which,
// except that `greets` tells it whether there is a handshake. Private to this folder; used on the worker's thread only.
//
// Plain, each call is the socket's own. With TLS, OpenSSL reads and writes the same descriptor, and this class waits for
// what it needs. Handlers are never called from inside the call that was given them.
#pragma once
#include <memory>
#include <string_view>
#include <utility>

#include "http/asio.hpp"
#include "http/tls.hpp"

namespace integrity::http {

class Transport {
 public:
  // `tls`: null for plain HTTP; otherwise it must outlive this.
  Transport(Socket socket, Tls* tls) : socket_(std::move(socket)), tls_(tls) {}

  // Whether the client must be greeted before anything is read or written.
  bool greets() const { return tls_ != nullptr; }
  // done: goes on encrypted. plain: the client speaks HTTP without TLS, and this transport from now on too. refused: the
  // client was sent an alert. failed: there is nobody to tell.
  enum class Greeting : std::uint8_t { done, plain, refused, failed };
  template <class Handler>
  void async_greet(Handler handler) {
    socket_.async_wait(Socket::wait_read, [this, handler = std::move(handler)](error_code error) mutable {
      if (error) return handler(Greeting::failed);
      switch (first_byte()) {
        case First::none:
          return handler(Greeting::failed);
        case First::of_http:
          tls_ = nullptr;
          return handler(Greeting::plain);
        case First::other:
          break;
      }
      session_ = tls_->accept(socket_.native_handle());
      session_ ? shake_hands(std::move(handler)) : handler(Greeting::failed);
    });
  }

  // handler(error_code, std::size_t count), as for a socket: some bytes, or an error, which includes the end.
  template <class Handler>
  void async_read_some(asio::mutable_buffer into, Handler handler) {
    if (!session_) return socket_.async_read_some(into, std::move(handler));
    if (session_->buffered()) {
      return asio::post(executor(),
                        [this, into, handler = std::move(handler)]() mutable { decrypt(into, std::move(handler)); });
    }
    wait(Outcome::wants_read, into, std::move(handler), &Transport::decrypt<Handler>);
  }

  // Returns how many bytes were taken. asio::error::would_block: the rest has to wait.
  std::size_t write_some(asio::const_buffer from, error_code& error) {
    if (!session_) return socket_.write_some(from, error);
    const auto [outcome, count] = session_->write({static_cast<const char*>(from.data()), from.size()});
    error = waits(outcome) ? asio::error::would_block : error_of(outcome);
    return count;
  }
  // After `would_block`, with the same bytes; handler(error_code, std::size_t count).
  template <class Handler>
  void async_write_some(asio::const_buffer from, Handler handler) {
    if (!session_) return socket_.async_write_some(from, std::move(handler));
    wait(Outcome::wants_write, from, std::move(handler), &Transport::encrypt<Handler>);
  }

  // Ends our side. What the client still sends is from now on read as it comes, not decrypted: only to be discarded.
  void end_sending() noexcept {
    say_end();
    session_.reset();
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  // To be called before `close` where nothing is missing: a client can tell this from a connection that was cut.
  void say_end() noexcept {
    if (session_) session_->end();
  }
  void close() noexcept {
    session_.reset();
    error_code ignored;
    socket_.close(ignored);
  }
  // `close` will drop what the kernel still holds for the client.
  void drop_unsent() noexcept {
    error_code ignored;
    socket_.set_option(Socket::linger(true, 0), ignored);
  }

  bool is_open() const { return socket_.is_open(); }
  int descriptor() { return socket_.native_handle(); }
  IoExecutor executor() { return socket_.get_executor(); }
  // A header line for every response that goes through this transport, or nothing.
  std::string_view header() const { return tls_ != nullptr ? tls_->header() : std::string_view(); }

 private:
  using Outcome = TlsSession::Outcome;
  enum class First : std::uint8_t { none, of_http, other };

  First first_byte();
  static bool waits(Outcome outcome) { return outcome == Outcome::wants_read || outcome == Outcome::wants_write; }
  static error_code error_of(Outcome outcome) {
    if (outcome == Outcome::done) return {};
    return outcome == Outcome::ended ? error_code(asio::error::eof) : error_code(asio::error::connection_aborted);
  }
  static Socket::wait_type what(Outcome outcome) {
    return outcome == Outcome::wants_write ? Socket::wait_write : Socket::wait_read;
  }

  template <class Handler>
  void shake_hands(Handler handler) {
    const auto outcome = session_->shake_hands();
    if (outcome == Outcome::done) return handler(Greeting::done);
    if (!waits(outcome)) return handler(outcome == Outcome::ended ? Greeting::failed : Greeting::refused);
    socket_.async_wait(what(outcome), [this, handler = std::move(handler)](error_code error) mutable {
      error || !session_ ? handler(Greeting::failed) : shake_hands(std::move(handler));
    });
  }

  template <class Buffer, class Handler>
  void wait(Outcome outcome, Buffer buffer, Handler handler, void (Transport::*then)(Buffer, Handler)) {
    socket_.async_wait(what(outcome), [this, buffer, handler = std::move(handler), then](error_code error) mutable {
      error ? handler(error, 0) : (this->*then)(buffer, std::move(handler));
    });
  }
  template <class Handler>
  void decrypt(asio::mutable_buffer into, Handler handler) {
    if (!socket_.is_open()) return handler(asio::error::operation_aborted, 0);
    if (!session_) return socket_.async_read_some(into, std::move(handler));  // `end_sending` was called meanwhile
    const auto [outcome, count] = session_->read({static_cast<char*>(into.data()), into.size()});
    if (waits(outcome)) return wait(outcome, into, std::move(handler), &Transport::decrypt<Handler>);
    handler(error_of(outcome), count);
  }
  template <class Handler>
  void encrypt(asio::const_buffer from, Handler handler) {
    if (!session_) return handler(asio::error::operation_aborted, 0);
    const auto [outcome, count] = session_->write({static_cast<const char*>(from.data()), from.size()});
    if (waits(outcome)) return wait(outcome, from, std::move(handler), &Transport::encrypt<Handler>);
    handler(error_of(outcome), count);
  }

  Socket socket_;
  Tls* tls_;
  std::unique_ptr<TlsSession> session_;
};

}  // namespace integrity::http
