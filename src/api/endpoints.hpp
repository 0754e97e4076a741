// The whole API, one line for each operation.
#pragma once
#include <string_view>
#include <vector>

#include "api/operation.hpp"

namespace integrity::api {

struct Endpoint {
  http::Method method;
  std::string_view path;
  Operation operation;
};

std::vector<Endpoint> endpoints();

// The operations, grouped by resource.
namespace accounts {
Operation sign_up();
Operation log_in();
Operation enrolment_qr();
Operation verify();
}  // namespace accounts
namespace me {
Operation log_out();
Operation who();
Operation change_password();
Operation renew_recovery_codes();
Operation replace_factor();
}  // namespace me
namespace products {
Operation create();
Operation list();
Operation get();
Operation change();
Operation remove();
Operation move_stock();
Operation history();
}  // namespace products
namespace service {
Operation index();
Operation health();
Operation ready();
Operation jwks();
Operation description();
Operation docs();
Operation problem_index();
Operation problem_page();
}  // namespace service

}  // namespace integrity::api
