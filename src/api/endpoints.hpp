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
}  // namespace accounts
namespace me {
OperationFor<auth::SignedIn> log_out();
OperationFor<auth::SignedIn> who();
OperationFor<auth::SignedIn> change_password();
OperationFor<auth::SignedIn> renew_recovery_codes();
OperationFor<auth::SignedIn> replace_factor();
}  // namespace me
namespace products {
OperationFor<auth::SignedIn> create();
OperationFor<auth::SignedIn> list();
OperationFor<auth::SignedIn> get();
OperationFor<auth::SignedIn> change();
OperationFor<auth::SignedIn> remove();
OperationFor<auth::SignedIn> move_stock();
OperationFor<auth::SignedIn> history();
}  // namespace products
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
