#include "api/endpoints.hpp"

namespace integrity::api {

std::vector<Endpoint> endpoints() {
  using enum http::Method;
  return {
      {post, "/signup", anyone, accounts::sign_up()},
      {post, "/login", anyone, accounts::log_in()},
      {get, "/generate-2fa/{username}", first_step_done, accounts::enrolment_qr()},
      {post, "/verify-2fa", anyone, accounts::verify()},
      {post, "/logout", signed_in, me::log_out()},
      {get, "/me", signed_in, me::who()},
      {put, "/me/password", signed_in, me::change_password()},
      {post, "/me/recovery-codes", signed_in, me::renew_recovery_codes()},
      {post, "/me/totp", signed_in, me::replace_factor()},
      {post, "/products", signed_in, products::create()},
      {get, "/products", signed_in, products::list()},
      {get, "/products/{pid}", signed_in, products::get()},
      {put, "/products/{pid}", signed_in, products::change()},
      {del, "/products/{pid}", signed_in, products::remove()},
      {post, "/products/{pid}/stock", signed_in, products::move_stock()},
      {get, "/products/{pid}/history", signed_in, products::history()},
      {get, "/", anyone, service::index()},
      {get, "/healthz", anyone, service::health()},
      {get, "/readyz", anyone, service::ready()},
      {get, "/.well-known/jwks.json", anyone, service::jwks()},
      {get, "/openapi.json", anyone, service::description()},
      {get, "/docs", anyone, service::docs()},
      {get, "/problems", anyone, service::problem_index()},
      {get, "/problems/{slug}", anyone, service::problem_page()},
  };
}

}  // namespace integrity::api
