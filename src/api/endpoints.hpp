// The whole API, one line for each operation.
#pragma once
#include <string_view>
#include <vector>

#include "api/access.hpp"
#include "api/operation.hpp"

namespace integrity::api {

// One line of the table. It does not compile without an access, nor with another one than the handler's caller.
struct Endpoint {
  http::Method method;
  std::string_view path;
  Access access;
  Operation operation;

  template <class Caller>
  Endpoint(http::Method method_, std::string_view path_, AccessFor<Caller> access_, OperationFor<Caller> operation_)
      : method(method_), path(path_), access(access_), operation(std::move(operation_)) {}
};

std::vector<Endpoint> endpoints();

// The operations, grouped by resource.
namespace accounts {
OperationFor<auth::Anyone> sign_up();
OperationFor<auth::Anyone> log_in();
OperationFor<auth::FirstStepDone> enrolment_qr();
OperationFor<auth::Anyone> verify();
OperationFor<auth::Anyone> reset_password();
}  // namespace accounts
namespace sessions {
OperationFor<auth::Anyone> refresh();
OperationFor<auth::SignedIn> log_out();
OperationFor<auth::SignedIn> prove();
OperationFor<auth::SignedIn> list();
OperationFor<auth::SignedIn> end();
OperationFor<auth::SignedIn> end_others();
}  // namespace sessions
namespace me {
OperationFor<auth::Principal> who();
OperationFor<auth::SignedIn> change_password();
OperationFor<auth::SignedIn> renew_recovery_codes();
OperationFor<auth::SignedIn> replace_factor();
}  // namespace me
namespace keys {
OperationFor<auth::SignedIn> create();
OperationFor<auth::SignedIn> list();
OperationFor<auth::SignedIn> revoke();
OperationFor<auth::Principal> list_of_user();
OperationFor<auth::SignedIn> revoke_of_user();
}  // namespace keys
namespace products {
OperationFor<auth::Principal> create();
OperationFor<auth::Principal> list();
OperationFor<auth::Principal> get();
OperationFor<auth::Principal> change();
OperationFor<auth::Principal> remove();
OperationFor<auth::Principal> move_stock();
OperationFor<auth::Principal> history();
}  // namespace products
namespace changes {
OperationFor<auth::Principal> list();
OperationFor<auth::SignedIn> mine();
OperationFor<auth::Principal> of_user();
}  // namespace changes
namespace users {
OperationFor<auth::Principal> list();
OperationFor<auth::Principal> get();
OperationFor<auth::SignedIn> change();
OperationFor<auth::SignedIn> reset();
OperationFor<auth::SignedIn> end_sessions();
}  // namespace users
namespace invitations {
OperationFor<auth::SignedIn> create();
OperationFor<auth::Principal> list();
OperationFor<auth::SignedIn> remove();
}  // namespace invitations
namespace service {
OperationFor<auth::Anyone> index();
OperationFor<auth::Anyone> health();
OperationFor<auth::Anyone> ready();
OperationFor<auth::Anyone> jwks();
OperationFor<auth::Anyone> description();
OperationFor<auth::Anyone> docs();
OperationFor<auth::Anyone> problem_index();
OperationFor<auth::Anyone> problem_page();
}  // namespace service

}  // namespace integrity::api
