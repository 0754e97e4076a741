#include "app/metrics_server.hpp"

#include "api/problem.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kConnectionsMax = 32;

http::ServerOptions options_for(const std::string& address, std::uint16_t port) {
  return {.host = address,
          .port = port,
          .connections_max = kConnectionsMax,
          .connections_per_address_max = 2 * kConnectionsMax,  // no limit of its own
          .oldest_gives_way = true,                            // a scraper gets through, whoever sends half requests
          .trusted_proxies = {},
          .shutdown_grace = std::chrono::seconds(1),
          .workers = 1,
          .limits = {}};
}

}  // namespace

http::Reply MetricsServer::Page::answer(const http::Request& request) {
  const auto refused = [&](Code code, std::string detail) {
    return api::problem({code, std::move(detail)}, request.request_id);
  };
  if (!hosts_.answer_for(request.authority)) {
    return refused(Code::misdirected_request, "the metrics are not given under this host name; see --hosts");
  }
  if (request.path != "/metrics") return refused(Code::not_found, "there is nothing here but /metrics");
  if (request.method != http::Method::get && request.method != http::Method::head) {
    return refused(Code::method_not_allowed, "this path answers GET, HEAD").with("Allow", "GET, HEAD");
  }
  http::Reply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = page_();
  return reply;
}

void MetricsServer::Page::admit(std::shared_ptr<http::Exchange> exchange) {
  exchange->headers.emplace_back("Cache-Control", "no-store");
  exchange->reply(answer(exchange->request()));
}

// Not reached: `admit` answers every request.
void MetricsServer::Page::serve(std::shared_ptr<http::Exchange> exchange) {
  exchange->reply(answer(exchange->request()));
}

http::Reply MetricsServer::Page::refuse(const Error& error, std::string_view request_id) {
  return api::problem(error, request_id);
}

MetricsServer::MetricsServer(const std::string& address, std::uint16_t port, api::Hosts hosts,
                             std::function<std::string()> page)
    : page_(std::move(hosts), std::move(page)), server_(options_for(address, port), page_) {}

MetricsServer::~MetricsServer() {
  if (thread_.joinable()) server_.stop();
}

std::uint16_t MetricsServer::start() {
  const std::uint16_t port = server_.listen();
  thread_ = std::jthread([this] { server_.run(); });
  return port;
}

}  // namespace integrity::app
