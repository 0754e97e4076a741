// The client of a request: the peer of the connection, or the address that a trusted proxy gives in X-Forwarded-For.
#pragma once
#include <vector>

#include "auth/throttle.hpp"
#include "http/message.hpp"

namespace integrity::api {

auth::Client client_at(const http::Address& address);

// Without trusted proxies the header is not read, so a client cannot choose the address that rate limits count. With
// them, the list is read from the right as long as the address before is a trusted proxy. An entry that is not an
// address ends the list at the trusted proxy that added it.
auth::Client client_of(const http::Request& request, const std::vector<http::Address>& trusted_proxies);

// Whether a header shows that a proxy sent the request, and the peer is not a trusted proxy: --trusted-proxies may be
// incomplete.
bool comes_from_untrusted_proxy(const http::Request& request, const std::vector<http::Address>& trusted_proxies);

}  // namespace integrity::api
