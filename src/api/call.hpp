// One request in the API, and what its handler can use.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/access.hpp"
#include "api/client.hpp"
#include "api/guesses.hpp"
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

// What the API works with. Made once at start, and alive as long as the server.
struct Services {
  store::Store& store;
  auth::Accounts& accounts;
  auth::Authenticator& authenticator;
  const auth::Tokens& tokens;
  FairPool& hash_pool;
  FairPool& search_pool;
  FairPool* store_pool;  // for requests that wait for a remote store; null: the store is not remote
  catalog::Catalog& catalog;
  const Clock& clock;
  Random& random;
  Secret cursor_key;
  std::vector<http::Address> trusted_proxies;
  std::vector<std::string> cors_origins;
  Hosts hosts = {};
  // Sign-up is open only because the server listens on loopback; the operator did not name --signup.
  bool signup_open_on_loopback = false;
  bool require_version = false;  // --require-version
  RunningKeys running_keys = {};
  GuessCounts guesses = {};
};

// The first parameter of every handler. Valid until the exchange has been answered.
struct Context {
  Services& services;
  const http::Request& request;
  std::vector<std::string> parameters;  // of the path, percent-decoded, in order
  std::size_t offer = 0;                // which of the operation's media types the client wants

  // The client, as named by trusted proxies. Computed when it is needed: most requests do not need it.
  auth::Client client() const { return client_of(request, services.trusted_proxies); }
  // The same for people, with the program that the client names.
  model::Device device() const;
};

using Caller = std::variant<auth::Anyone, auth::FirstStepDone, auth::Principal>;

struct Operation;

struct Call {
  const Operation& operation;
  Access access;
  Context context;
  std::size_t number;     // of the operation: its place in endpoints(), from 1
  bool admitted = false;  // the request head was checked, and `caller` is known
  Caller caller = auth::Anyone{};
  auth::TokenFault token_fault = auth::TokenFault::not_accepted;  // where a token is refused: why
  std::string challenge = {};  // WWW-Authenticate of a refusal, where it is not that of a token
};

}  // namespace integrity::api
