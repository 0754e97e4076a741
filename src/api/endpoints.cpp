#include "api/endpoints.hpp"

namespace integrity::api {

std::vector<Endpoint> endpoints() {
  using namespace access;
  using enum http::Method;
  using enum model::Scope;
  return {
      {post, "/signup", anyone, accounts::sign_up()},
      {post, "/login", anyone, accounts::log_in()},
      {get, "/generate-2fa/{username}", first_step_done, accounts::enrolment_qr()},
      {post, "/verify-2fa", anyone, accounts::verify()},
      {post, "/reset-password", anyone, accounts::reset_password()},
      {post, "/token/refresh", anyone, sessions::refresh()},
      {post, "/logout", session, sessions::log_out()},
      {get, "/me", session_or_key, me::who()},
      {put, "/me/password", session, me::change_password()},
      {post, "/me/recovery-codes", session, me::renew_recovery_codes()},
      {post, "/me/totp", session, me::replace_factor()},
      {post, "/me/proof", session, sessions::prove()},
      {get, "/me/sessions", session, sessions::list()},
      {del, "/me/sessions", session, sessions::end_others()},
      {del, "/me/sessions/{sid}", session, sessions::end()},
      {get, "/me/history", session, changes::mine()},
      {post, "/me/keys", fresh(for_keys(session)), keys::create()},
      {get, "/me/keys", for_keys(session), keys::list()},
      {del, "/me/keys/{kid}", for_keys(session), keys::revoke()},
      {post, "/products", scope(products_write), products::create()},
      {get, "/products", scope(products_read), products::list()},
      {get, "/products/{pid}", scope(products_read), products::get()},
      {put, "/products/{pid}", scope(products_write), products::change()},
      {del, "/products/{pid}", scope(products_write), products::remove()},
      {post, "/products/{pid}/stock", scope(stock_write), products::move_stock()},
      {get, "/products/{pid}/history", scope(products_read), products::history()},
      {get, "/changes", scope(changes_read), changes::list()},
      {get, "/users", scope(accounts_read), users::list()},
      {get, "/users/{uid}", scope(accounts_read), users::get()},
      {put, "/users/{uid}", fresh(session_with(accounts_write)), users::change()},
      {post, "/users/{uid}/reset", fresh(session_with(accounts_write)), users::reset()},
      {del, "/users/{uid}/sessions", fresh(session_with(accounts_write)), users::end_sessions()},
      {get, "/users/{uid}/history", scope(changes_read), changes::of_user()},
      {get, "/users/{uid}/keys", for_keys(scope(accounts_read)), keys::list_of_user()},
      {del, "/users/{uid}/keys/{kid}", fresh(for_keys(session_with(accounts_write))), keys::revoke_of_user()},
      {post, "/invitations", fresh(session_with(accounts_write)), invitations::create()},
      {get, "/invitations", scope(accounts_read), invitations::list()},
      {del, "/invitations/{iid}", fresh(session_with(accounts_write)), invitations::remove()},
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
