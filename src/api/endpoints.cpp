#include "api/endpoints.hpp"

namespace integrity::api {

std::vector<Endpoint> endpoints() {
  using enum http::Method;
  return {
      {post, "/signup", accounts::sign_up()},
      {post, "/login", accounts::log_in()},
      {get, "/generate-2fa/{username}", accounts::enrolment_qr()},
      {post, "/verify-2fa", accounts::verify()},
      {post, "/logout", me::log_out()},
      {get, "/me", me::who()},
      {put, "/me/password", me::change_password()},
      {post, "/me/recovery-codes", me::renew_recovery_codes()},
      {post, "/me/totp", me::replace_factor()},
      {post, "/products", products::create()},
      {get, "/products", products::list()},
      {get, "/products/{pid}", products::get()},
      {put, "/products/{pid}", products::change()},
      {del, "/products/{pid}", products::remove()},
      {post, "/products/{pid}/stock", products::move_stock()},
      {get, "/products/{pid}/history", products::history()},
      {get, "/", service::index()},
      {get, "/healthz", service::health()},
      {get, "/readyz", service::ready()},
      {get, "/.well-known/jwks.json", service::jwks()},
      {get, "/openapi.json", service::description()},
      {get, "/docs", service::docs()},
      {get, "/problems", service::problem_index()},
      {get, "/problems/{slug}", service::problem_page()},
  };
}

}  // namespace integrity::api
