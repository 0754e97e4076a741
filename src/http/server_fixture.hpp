// For the tests here: a small application, a client on a plain socket, and a server between them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <thread>

#include "http/server.hpp"

namespace integrity::http {
using namespace std::string_literals;
using namespace std::chrono_literals;

// A thread that replies to exchanges later, as the thread that commits does.
class Later {
 public:
  Later() : thread_([this](std::stop_token stop) { work(stop); }) {}
  void add(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    added_.notify_one();
  }

 private:
  void work(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (added_.wait(lock, stop, [&] { return !tasks_.empty(); })) {
      auto tasks = std::exchange(tasks_, {});
      lock.unlock();
      for (auto& task : tasks) task();
      tasks.clear();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable_any added_;
  std::deque<std::function<void()>> tasks_;
  std::jthread thread_;
};

inline Reply text(std::string body) {
  Reply reply;
  reply.content_type = "text/plain";
  reply.body = std::move(body);
  return reply;
}

struct TestApplication final : Application {
  void admit(std::shared_ptr<Exchange> exchange) override {
    exchange->operation = operation;
    const auto path = exchange->request().path;
    if (path == "/admit-throws") throw std::runtime_error("admit");
    if (path.starts_with("/admit-later")) {
      return later.add([this, exchange] { decide(exchange); });
    }
    decide(exchange);
  }
  void decide(const std::shared_ptr<Exchange>& exchange) {
    const auto path = exchange->request().path;
    if (path.ends_with("/forbidden")) {
      Reply reply = text("no");
      reply.status = 403;
      return exchange->reply(std::move(reply));
    }
    if (path.starts_with("/carry")) exchange->headers.emplace_back("X-Carried", "1");
    if (path == "/carry-admit-throws") throw std::runtime_error("admit");
    exchange->context = std::make_shared<std::string>("remembered");
    if (!path.ends_with("/admit-forgets")) exchange->go_on(100'000);
  }

  void serve(std::shared_ptr<Exchange> exchange) override {
    const Request& request = exchange->request();
    ++served;
    if (request.path.ends_with("/throws")) throw std::runtime_error("serve");
    if (request.path.ends_with("/forgets")) return;
    if (request.path == "/keep") return hold(std::move(exchange));
    if (request.path == "/block") {
      blocked.release();
      unblock.acquire();
    }
    if (request.path.ends_with("/later")) {
      return later.add([exchange] { exchange->reply(text(std::string(exchange->request().body))); });
    }
    exchange->reply(answer(*exchange));
    exchange->reply(text("a second reply is ignored"));
  }

  Reply answer(const Exchange& exchange) {
    const Request& request = exchange.request();
    if (request.path == "/context") return text(*std::static_pointer_cast<std::string>(exchange.context));
    if (request.path == "/peer") return text(request.peer.text());
    if (request.path == "/served") return text(std::to_string(served));
    if (request.path == "/thread")
      return text(std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id())));
    if (request.path == "/list") return made_somewhere(list(std::stoul(std::string(request.query))));
    if (request.path == "/breaks") return made_somewhere(breaks());
    if (request.path == "/dropped") {
      auto reply = list(2);
      reply.stream_on = [](const std::function<void()>&) {};
      return reply;
    }
    if (request.path == "/close") {
      auto reply = text("bye");
      reply.close = true;
      return reply;
    }
    if (request.path == "/nothing") {
      Reply reply;
      reply.status = 204;
      return reply;
    }
    if (request.path == "/same") {
      Reply reply;
      reply.status = 304;
      return reply.with("ETag", "\"1\"");
    }
    if (request.path == "/policy") {
      return text("x").with("Content-Security-Policy", "default-src 'self'").with("X-Evil", "a\r\nSet-Cookie: b");
    }
    return text(std::string(to_string(request.method)) + " " + std::string(request.path) + " " +
                std::string(request.body));
  }

  // `parts` parts of 10 000 bytes.
  Reply list(std::size_t parts) {
    Reply reply;
    reply.stream = [this, left = parts](std::string& out) mutable {
      ++parts_given;
      out.append(10'000, 'x');
      return --left > 0;
    };
    return reply;
  }
  Reply made_somewhere(Reply reply) {
    if (parts_later) reply.stream_on = [this](std::function<void()> job) { later.add(std::move(job)); };
    return reply;
  }
  static Reply breaks() {
    Reply reply;
    reply.stream = [first = true](std::string& out) mutable {
      if (!first) throw std::runtime_error("stream");
      first = false;
      out += "part";
      return true;
    };
    return reply;
  }

  Sender sender(Exchange& exchange) override { return {"x", exchange.request().path == "/known"}; }

  Reply refuse(const Error& error, std::string_view request_id) override {
    EXPECT_EQ(request_id.size(), 24u);
    Reply reply = text(std::string(info(error.code).slug));
    reply.status = info(error.code).status;
    return reply;
  }

  void hold(std::shared_ptr<Exchange> exchange) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(exchange));
    changed.notify_all();
  }
  std::shared_ptr<Exchange> wait_for_held() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !held.empty(); });
    auto exchange = std::move(held.back());
    held.pop_back();
    return exchange;
  }

  std::size_t operation = 0;
  std::atomic<int> served = 0;
  std::binary_semaphore blocked{0}, unblock{0};
  std::atomic<bool> parts_later = false;
  std::atomic<std::size_t> parts_given = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Exchange>> held;
  Later later;
};

class Client {
 public:
  // From 127.0.0.`host`.
  explicit Client(std::uint16_t port, int receive_buffer = 0, std::uint8_t host = 1)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f000000U + host);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval time_limit{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time_limit, sizeof time_limit);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { disconnect(); }

  void disconnect() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  // Appends what arrives next to the input; false at the end of the connection.
  bool receive() {
    char buffer[16384];
    const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  std::string rest() {
    while (receive()) {
    }
    return std::exchange(input_, {});
  }
  std::string until(std::string_view end) {
    std::size_t at = 0;
    while ((at = input_.find(end)) == std::string::npos) {
      if (!receive()) return "(closed)" + std::exchange(input_, {});
    }
    const auto text = input_.substr(0, at + end.size());
    input_.erase(0, at + end.size());
    return text;
  }
  std::string head() { return until("\r\n\r\n"); }
  // One response with a Content-Length, as "200 body".
  std::string answer() {
    const auto text = head();
    if (!text.starts_with("HTTP/1.1 ")) return text;
    const auto at = text.find("Content-Length: ");
    const auto size = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
    while (input_.size() < size && receive()) {
    }
    const auto body = input_.substr(0, size);
    input_.erase(0, size);
    return text.substr(9, 3) + " " + body;
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string input_;
};

inline std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body, const std::string& fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
         "\r\n" + body;
}

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override { stop(); }

  void start() {
    options.port = 0;
    server = std::make_unique<Server>(options, application);
    port = server->listen();
    thread = std::thread([this] { server->run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
  }

  ServerOptions options;
  TestApplication application;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
  std::thread thread;
};

}  // namespace integrity::http
