// What is below one connection: a non-blocking socket, with or without TLS. The Connection above it need not know which;
// only `greets` tells it that there is a handshake. Private to this folder; used on the worker's thread only.
//
// Without TLS, each call goes straight to the socket. With TLS, OpenSSL reads and writes the socket's descriptor, and
// this class waits until the descriptor is ready for it. A handler is never called before the function that took it has
// returned.
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

  // Whether `async_greet` must come before anything is read or written.
  bool greets() const { return tls_ != nullptr; }
  // done: what follows is encrypted. plain: the client speaks plain HTTP, and from now on so does this transport.
  // refused: the handshake failed; an alert tells the client why, where there is one. failed: the client is gone.
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

  // handler(error_code, std::size_t count), as for a socket: some bytes, or an error; the end counts as an error.
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

  // Ends our side. What the client still sends can then only be read to be discarded: it is no longer decrypted.
  void end_sending() noexcept {
    say_end();
    session_.reset();
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  // Tells the client (close_notify) that the last response is complete. To be called before `close`; without it the
  // client sees a connection that was cut.
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
  // A header line that every response on this transport must have, or nothing.
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
