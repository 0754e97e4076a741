#include "api/guesses.hpp"

namespace integrity::api {

std::string_view name_of(GuessOutcome outcome) {
  switch (outcome) {
    case GuessOutcome::right:
      return "right";
    case GuessOutcome::wrong:
      return "wrong";
    case GuessOutcome::spent:
      return "spent";
    case GuessOutcome::throttled:
      return "throttled";
    case GuessOutcome::locked:
      return "locked";
    case GuessOutcome::expired:
      return "expired";
    case GuessOutcome::other:
      break;
  }
  return "other";
}

GuessOutcome outcome_of(const Error* error) {
  if (error == nullptr) return GuessOutcome::right;
  switch (error->code) {
    case Code::invalid_credentials:
    case Code::invalid_code:
      return GuessOutcome::wrong;
    case Code::code_already_used:
      return GuessOutcome::spent;
    case Code::too_many_attempts:
      return GuessOutcome::throttled;
    case Code::enrolment_required:
    case Code::factor_disabled:
      return GuessOutcome::locked;
    case Code::challenge_expired:
      return GuessOutcome::expired;
    default:
      return GuessOutcome::other;
  }
}

}  // namespace integrity::api
