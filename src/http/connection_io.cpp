// The part of Connection that deals with the socket: reading, writing, time limits, closing.
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "http/connection.hpp"
#include "http/exchange.hpp"

namespace integrity::http {
namespace {

constexpr std::size_t kept_bytes_max = 64 * 1024;  // capacity of a buffer that an idle connection keeps
// How much of a refused upload is still read, and for how long. Closing with unread bytes resets the connection, and
// the client would lose the reply that says why (RFC 9112 §9.6).
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;
constexpr std::chrono::seconds linger_time_max{2};

}  // namespace

void Connection::shrink(std::string& text) {
  text.clear();
  if (text.capacity() > kept_bytes_max) std::string().swap(text);
}

// True when everything is written. Otherwise the rest is being written, or the client is gone.
bool Connection::flush() {
  while (sent_ < out_.size()) {
    error_code error;
    const auto rest = asio::buffer(out_.data() + sent_, out_.size() - sent_);
    const std::size_t written = socket_.write_some(rest, error);
    worker_->traffic().add_sent(written);
    sent_ += written;
    if (error == asio::error::would_block) {
      writing_ = true;
      expire_after(worker_->limits().write_stall_max);
      socket_.async_write_some(
          asio::buffer(out_.data() + sent_, out_.size() - sent_),
          [self = shared_from_this()](error_code failed, std::size_t count) { self->on_written(failed, count); });
      return false;
    }
    if (error) {
      close();
      return false;
    }
  }
  if (state_ == State::streaming) {
    out_.clear();  // keeps its capacity for the next part
  } else {
    shrink(out_);
  }
  sent_ = 0;
  return true;
}

void Connection::on_written(error_code error, std::size_t count) {
  writing_ = false;
  if (state_ == State::closed) return;
  if (error) return close();
  worker_->traffic().add_sent(count);
  sent_ += count;
  if (!flush()) return;
  const auto& limits = worker_->limits();
  if (state_ == State::head) {
    expire_after(head_begun_ ? limits.header_time_max : limits.keep_alive_max);
  }
  advance();
}

void Connection::read() {
  if (reading_) return;
  if (state_ == State::head) make_room(arrived().size() + room_after_head);
  if (state_ == State::lingering) begin_ = end_ = 0;
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(in_.data() + end_, in_.size() - end_),
      [self = shared_from_this()](error_code error, std::size_t count) { self->on_read(error, count); });
}

void Connection::make_room(std::size_t wanted) {
  if (in_.size() - begin_ >= wanted) return;
  if (begin_ > 0) std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (in_.size() < wanted) in_.resize(std::max<std::size_t>(wanted, 2 * room_after_head));
}

void Connection::on_read(error_code error, std::size_t count) {
  reading_ = false;
  worker_->traffic().add_received(count);
  const bool listening = state_ == State::head || state_ == State::body;
  if (state_ == State::lingering) {
    lingered_ += count;
    return error || lingered_ > linger_bytes_max ? close() : read();
  }
  if (!listening) return;  // bytes after a refused request are ignored
  if (error) return close();
  end_ += count;
  advance();
}

// ---- Ending

void Connection::linger() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  state_ = State::lingering;
  expire_after(linger_time_max);
  read();
}

void Connection::on_deadline() {
  if (state_ == State::head && head_begun_ && !writing_) {
    refuse({Code::request_timeout, "the headers did not arrive in time"});
    return advance();
  }
  if (state_ == State::body && !writing_) {
    refuse({Code::request_timeout, "the body did not arrive in time"});
    return advance();
  }
  writing_ ? give_up() : close();
}

// While an exchange is open nothing is read, so the end of what the client sends is still in the kernel.
bool Connection::gone() noexcept {
  const std::lock_guard lock(socket_mutex_);
  if (!socket_.is_open()) return true;
  pollfd asked{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) == 1;  // POLLHUP and POLLERR are always reported
}

void Connection::close_if_idle() {
  if (idle()) close();
}

void Connection::give_up() noexcept {
  error_code ignored;
  const bool unanswered = state_ == State::waiting || state_ == State::head || state_ == State::body;
  if (writing_) {
    // The client does not read: the kernel drops what it still holds for it.
    socket_.set_option(Socket::linger(true, 0), ignored);
  } else if (unanswered && out_.empty()) {
    worker_->traffic().add_turned_away();
    socket_.write_some(asio::buffer(overloaded_response.data(), overloaded_response.size()), ignored);
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  close();
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  deadline_ = never;
  {
    const std::lock_guard lock(socket_mutex_);
    error_code ignored;
    socket_.close(ignored);
  }
  // Exchange and connection hold each other: break the cycle.
  if (exchange_) exchange_->withdraw();
  exchange_.reset();
  reply_.reset();
  stream_ = {};
  stream_on_ = {};
  worker_->remove(*this);
}

}  // namespace integrity::http
