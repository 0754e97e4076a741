// How long each kind of thing lives, and when it is over.
//
// Each thing gets an end, `now + life`, by the clock of the host. After a clock that was ahead is corrected, some ends
// are too late: without a second rule a token would stay valid for as long as the clock had been ahead. So a thing that
// has more life left than its kind can have is over as well.
#pragma once
#include <chrono>

#include "base/time.hpp"

namespace integrity::model {

inline constexpr std::chrono::seconds enrol_challenge_life{
    600};  // NIST SP 800-63B: a binding code lives at most 10 min
inline constexpr std::chrono::seconds verify_challenge_life{300};
inline constexpr std::chrono::hours pending_life{24};
inline constexpr std::chrono::hours reset_enrolment_life{24};
inline constexpr std::chrono::hours import_enrolment_life{7 * 24};  // a week for everybody to log in
inline constexpr std::chrono::hours stored_response_life{24};
inline constexpr std::chrono::hours invitation_life_max{30 * 24};

// How much the clocks of two nodes may differ, and how much a correction may move one clock.
inline constexpr std::chrono::minutes clock_error_max{1};

// The latest end that a thing with this life can have.
inline Time last_end(Millis life, Time now) {
  return now + life + clock_error_max;
}

inline bool is_over(Time end, Millis life, Time now) {
  return end <= now || end > last_end(life, now);
}

}  // namespace integrity::model
