// The names that this server answers for (--hosts).
//
// For a server on loopback this is the only protection from web pages: if evil.example resolves to 127.0.0.1 (DNS
// rebinding), the browser takes a page of evil.example and this server for the same origin. Its requests still have
// `Host: evil.example`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace integrity::api {

class Hosts {
 public:
  Hosts() = default;  // any
  // Loopback names, and `names`: lower case, without a port.
  explicit Hosts(std::vector<std::string> names) : any_(false), names_(std::move(names)) {}

  // `authority` as in a Host header, with or without a port. Empty is accepted: only HTTP/1.0 clients send no Host, and
  // browsers are not among them.
  bool answer_for(std::string_view authority) const;

 private:
  bool any_ = true;
  std::vector<std::string> names_;
};

}  // namespace integrity::api
