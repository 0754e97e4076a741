// The bytes of one connection: a non-blocking socket. The Connection above it knows nothing else of it. Private to this
// folder; used on the worker's thread only.
#pragma once
#include <utility>

#include "http/asio.hpp"

namespace integrity::http {

class Transport {
 public:
  explicit Transport(Socket socket) : socket_(std::move(socket)) {}

  // handler(error_code, std::size_t count), as for a socket: some bytes, or an error, which includes the end.
  template <class Handler>
  void async_read_some(asio::mutable_buffer into, Handler handler) {
    socket_.async_read_some(into, std::move(handler));
  }

  // Returns how many bytes were taken. asio::error::would_block: the rest has to wait.
  std::size_t write_some(asio::const_buffer from, error_code& error) { return socket_.write_some(from, error); }
  // After `would_block`, with the same bytes; handler(error_code, std::size_t count).
  template <class Handler>
  void async_write_some(asio::const_buffer from, Handler handler) {
    socket_.async_write_some(from, std::move(handler));
  }

  // Ends our side. What the client still sends is only to be discarded.
  void end_sending() noexcept {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  void close() noexcept {
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

 private:
  Socket socket_;
};

}  // namespace integrity::http
