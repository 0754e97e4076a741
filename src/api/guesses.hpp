// How guesses of passwords and codes ended, counted for the operator: an attack shows here first.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "base/metrics.hpp"

namespace integrity::api {

enum class GuessOutcome : std::uint8_t {
  right,
  wrong,      // a disabled account counts here: nobody can tell the difference
  spent,      // a code that was used before
  throttled,  // not checked: there were too many attempts
  locked,     // not checked: the account stays locked until the operator or a recovery code unlocks it
  expired,    // not checked: its challenge has ended
  other,      // not checked: the request was not acceptable, the server was too busy, …
};
inline constexpr std::size_t guess_outcome_count = static_cast<std::size_t>(GuessOutcome::other) + 1;
std::string_view name_of(GuessOutcome outcome);
GuessOutcome outcome_of(const Error* error);  // null: right

class Guesses {
 public:
  void add(GuessOutcome outcome) { counts_[static_cast<std::size_t>(outcome)].add(); }
  std::uint64_t of(GuessOutcome outcome) const { return counts_[static_cast<std::size_t>(outcome)].value(); }

 private:
  std::array<Counter, guess_outcome_count> counts_;
};

// One for each request of an operation that declares what it proves (Operation::Proves).
struct GuessCounts {
  Guesses logins;  // first steps: passwords
  Guesses codes;   // codes of authenticators, and recovery codes
};

}  // namespace integrity::api
