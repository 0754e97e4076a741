// Who may call an operation. It stands next to the route in endpoints.cpp and cannot be left out: that file is the whole
// table of who may do what.
#pragma once
#include <cstdint>

#include "auth/caller.hpp"

namespace integrity::api {

struct Access {
  enum class Kind : std::uint8_t { anyone, first_step_done, signed_in } kind;
};

// The same with the type of caller that the operation's handler must have.
template <class Caller>
struct AccessFor : Access {};

inline constexpr AccessFor<auth::Anyone> anyone{{Access::Kind::anyone}};
inline constexpr AccessFor<auth::FirstStepDone> first_step_done{{Access::Kind::first_step_done}};
inline constexpr AccessFor<auth::SignedIn> signed_in{{Access::Kind::signed_in}};

}  // namespace integrity::api
