// The server's Exchange: brings the reply to the connection's own thread. Private to this folder.
#pragma once
#include <atomic>
#include <memory>
#include <utility>

#include "http/connection.hpp"

namespace integrity::http {

class PendingExchange final : public Exchange, public std::enable_shared_from_this<PendingExchange> {
 public:
  PendingExchange(std::shared_ptr<Connection> connection, Request request)
      : connection_(std::move(connection)), request_(std::move(request)) {}

  // An exchange that is dropped without a reply still gets one: 500.
  ~PendingExchange() override {
    if (!answered_.load()) deliver(std::nullopt);
  }
  const Request& request() const override { return request_; }
  bool gone() const noexcept override { return connection_->gone(); }
  Request& edit() { return request_; }

  void go_on(std::size_t body_bytes_max) override {
    if (!admitted_.exchange(true)) connection_->notify(Admitted{shared_from_this(), body_bytes_max});
  }
  void reply(Reply reply) override {
    if (!answered_.exchange(true)) deliver(std::move(reply));
  }
  // Ignores all later replies of the application. False if it has replied already.
  bool withdraw() { return !answered_.exchange(true); }

 private:
  void deliver(std::optional<Reply> reply) {
    connection_->notify(Answered{std::move(reply), std::move(headers), operation});
  }

  std::shared_ptr<Connection> connection_;
  Request request_;
  std::atomic<bool> admitted_ = false;
  std::atomic<bool> answered_ = false;
};

}  // namespace integrity::http
