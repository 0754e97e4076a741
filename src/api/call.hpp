// One request on its way through the API: what a handler may use.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/client.hpp"
#include "api/hosts.hpp"
#include "api/idempotency.hpp"
#include "auth/accounts.hpp"
#include "auth/authenticator.hpp"
#include "auth/caller.hpp"
#include "auth/token.hpp"
#include "base/fair_pool.hpp"
#include "catalog/catalog.hpp"
#include "http/message.hpp"
#include "http/server.hpp"
#include "store/store.hpp"

namespace integrity::api {

// Everything behind the API, made once at start and alive as long as the server.
struct Services {
  store::Store& store;
  auth::Accounts& accounts;
  auth::Authenticator& authenticator;
  const auth::Tokens& tokens;
  FairPool& hash_pool;
  FairPool& search_pool;
  FairPool* store_pool;  // where a remote store is asked; null: the store is not remote
  catalog::Catalog& catalog;
  const Clock& clock;
  Random& random;
  Secret cursor_key;
  std::vector<http::Address> trusted_proxies;
  std::vector<std::string> cors_origins;
  Hosts hosts = {};
  // Sign-up is open because the server listens on loopback only, not because the operator said so.
  bool signup_open_on_loopback = false;
  RunningKeys running_keys = {};
};

// What every handler gets first. Valid until the answer is given.
struct Context {
  Services& services;
  const http::Request& request;
  std::vector<std::string> parameters;  // of the path, percent-decoded, in order
  std::size_t offer = 0;                // which of the operation's media types the client wants

  // Who asks, behind trusted proxies. Worked out when somebody wants to know: most requests do not.
  auth::Client client() const { return client_of(request, services.trusted_proxies); }
};

using Caller = std::variant<auth::Anyone, auth::FirstStepDone, auth::SignedIn>;

struct Operation;

struct Call {
  const Operation& operation;
  Context context;
  bool admitted = false;  // all that the head decides is decided; `caller` is known
  Caller caller = auth::Anyone{};
  auth::TokenFault token_fault = auth::TokenFault::not_accepted;  // why, where a token is refused
};

}  // namespace integrity::api
