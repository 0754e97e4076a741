// The application of the HTTP server: the steps that every request goes through.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "api/endpoints.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace integrity::api {

// `services` must outlive it. Safe from all I/O threads.
class Api final : public http::Application {
 public:
  explicit Api(Services& services);

  void admit(std::shared_ptr<http::Exchange> exchange) override;
  void serve(std::shared_ptr<http::Exchange> exchange) override;
  http::Reply refuse(const Error& error, std::string_view request_id) override;
  http::Sender sender(http::Exchange& exchange) override;

  // Exchange::operation is a place in this list, from 1.
  const std::vector<Endpoint>& list() const { return endpoints_; }

 private:
  Result<Call> find(const http::Request& request, http::Headers& refusal_headers) const;
  Status check_caller(http::Exchange& exchange) const;
  Status check_again(http::Exchange& exchange) const;
  Status check_head(http::Exchange& exchange) const;
  void decide(http::Exchange& exchange) const;
  void run(const std::shared_ptr<http::Exchange>& exchange) const;
  bool allowed_origin(const http::Request& request) const;
  void warn_of_proxy(const http::Request& request) const;

  Services& services_;
  std::vector<Endpoint> endpoints_;
  http::Router router_;
  mutable std::atomic<std::int64_t> warned_of_proxy_ = 0;  // milliseconds since 1970
};

}  // namespace integrity::api
