// The names that this server answers for (--hosts).
//
// A server on loopback has no other protection from web pages than that: a page of evil.example whose name leads to
// 127.0.0.1 (DNS rebinding) is, for the browser, of the same origin as this server. Its requests still say
// `Host: evil.example`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace integrity::api {

class Hosts {
 public:
  Hosts() = default;  // any
  // Loopback names, and these: lower case, without a port.
  explicit Hosts(std::vector<std::string> names) : any_(false), names_(std::move(names)) {}

  // `authority` as in a Host header, perhaps with a port; empty where an HTTP/1.0 client sends none, which no browser is.
  bool answer_for(std::string_view authority) const;

 private:
  bool any_ = true;
  std::vector<std::string> names_;
};

}  // namespace integrity::api
