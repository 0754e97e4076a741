// Who asks: the peer of the connection, or whom a trusted proxy names in X-Forwarded-For.
#pragma once
#include <vector>

#include "auth/throttle.hpp"
#include "http/message.hpp"

namespace integrity::api {

// Without trusted proxies the header is never read, so nobody can choose the address that budgets are kept for.
// With them, the list is walked from the right as long as the speaker is trusted; what cannot be read ends the
// walk at the last trusted address.
auth::Client client_of(const http::Request& request, const std::vector<http::Address>& trusted_proxies);

}  // namespace integrity::api
