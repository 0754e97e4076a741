// Who asks: the peer of the connection, or whom a trusted proxy names in X-Forwarded-For.
#pragma once
#include <vector>

#include "auth/throttle.hpp"
#include "http/message.hpp"

namespace integrity::api {

auth::Client client_at(const http::Address& address);

// Without trusted proxies the header is never read, so nobody can choose the address that budgets are kept for.
// With them, the list is walked from the right as long as the speaker is trusted; what cannot be read ends the
// walk at the last trusted address.
auth::Client client_of(const http::Request& request, const std::vector<http::Address>& trusted_proxies);

// Whether a header says that a proxy passed this on, and the peer is not a trusted one: somebody has put a proxy before this
// server without telling it.
bool comes_from_untrusted_proxy(const http::Request& request, const std::vector<http::Address>& trusted_proxies);

}  // namespace integrity::api
