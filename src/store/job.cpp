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
  if (origin.session && !tx.alive(*origin.session)) return invalid_token();
  if (origin.key && !tx.alive(*origin.key)) return invalid_token();
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
