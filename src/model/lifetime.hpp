// How long each kind of thing lives, and when it is over.
//
// Each is made with an end, `now + life`, by the clock of the host. A clock that was ahead and is set right leaves ends
// that are too far away: without a second rule a token would be good for as long as the clock was ahead. So what has
// more life left than its kind ever has is over as well.
#pragma once
#include <chrono>

#include "base/time.hpp"

namespace integrity::model {

inline constexpr std::chrono::seconds session_life{600};  // as long as its token
inline constexpr std::chrono::seconds enrol_challenge_life{
    600};  // NIST SP 800-63B: a binding code lives at most 10 min
inline constexpr std::chrono::seconds verify_challenge_life{300};
inline constexpr std::chrono::hours pending_life{24};
inline constexpr std::chrono::hours reset_enrolment_life{24};
inline constexpr std::chrono::hours import_enrolment_life{7 * 24};  // a week for everybody to come by, holidays aside
inline constexpr std::chrono::hours stored_response_life{24};

// By this much the clocks of two nodes may differ, and one clock from itself after a correction.
inline constexpr std::chrono::minutes clock_error_max{1};

// The latest end that something of this life can have.
inline Time last_end(Millis life, Time now) {
  return now + life + clock_error_max;
}

inline bool is_over(Time end, Millis life, Time now) {
  return end <= now || end > last_end(life, now);
}

}  // namespace integrity::model
