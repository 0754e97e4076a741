#include "store/job.hpp"

#include "store/refusals.hpp"
#include "store/tx.hpp"

namespace integrity::store {
namespace {

Error too_late(std::string cause) {
  Error error = unavailable(std::move(cause));
  error.detail = "the request could not be carried out in time; nothing was changed. Send it again";
  return error;
}

Status may_begin(const Origin& origin, WriteTx& tx) {
  if (origin.begun && std::chrono::steady_clock::now() - *origin.begun > request_age_max) {
    return too_late("the request is too old");
  }
  if (origin.waiter && origin.waiter->gone()) return too_late("the client has gone");
  const auto role = origin.session ? tx.role_alive(*origin.session)
                    : origin.key   ? tx.role_alive(*origin.key)
                                   : std::nullopt;
  if (origin.session && !role) return invalid_token();
  if (origin.key && !role) return key_not_accepted();
  if (role && origin.scope && !model::scopes_of(*role).has(*origin.scope)) {
    return Error{Code::forbidden, "the account lost the scope " + std::string(name_of(*origin.scope)) +
                                      " while this request waited; nothing was changed"};
  }
  return {};
}

}  // namespace

bool run_job(Job& job, WriteTx& tx, Status& refusal) {
  if (Status may = may_begin(job.origin(), tx); !may) {
    refusal = std::move(may);
    return false;
  }
  return job.run(tx).has_value() || tx.kept();
}

void refuse(Job& job, const Error& error) noexcept {
  job.done(error_of([&] { return error; }));
}

}  // namespace integrity::store
