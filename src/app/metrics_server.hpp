// The listener of --metrics-listen: answers GET /metrics, on one thread of its own, and nothing else.
#pragma once
#include <functional>
#include <string>
#include <thread>

#include "api/hosts.hpp"
#include "http/server.hpp"

namespace integrity::app {

class MetricsServer {
 public:
  // `page` is called on the listener's thread, for each request.
  MetricsServer(const std::string& address, std::uint16_t port, api::Hosts hosts, std::function<std::string()> page);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  std::uint16_t start();  // throws std::system_error, as http::Server::listen

 private:
  class Page final : public http::Application {
   public:
    Page(api::Hosts hosts, std::function<std::string()> page) : hosts_(std::move(hosts)), page_(std::move(page)) {}
    void admit(std::shared_ptr<http::Exchange> exchange) override;
    void serve(std::shared_ptr<http::Exchange> exchange) override;
    http::Reply refuse(const Error& error, std::string_view request_id) override;

   private:
    http::Reply answer(const http::Request& request);

    const api::Hosts hosts_;
    const std::function<std::string()> page_;
  };

  Page page_;
  http::Server server_;
  std::jthread thread_;
};

}  // namespace integrity::app
