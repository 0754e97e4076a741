// Who may call an operation. It stands next to the route in endpoints.cpp and cannot be left out: that file is the whole
// table of who may do what.
#pragma once
#include <cstdint>
#include <optional>

#include "auth/caller.hpp"
#include "model/role.hpp"

namespace integrity::api {

struct Access {
  enum class Kind : std::uint8_t {
    anyone,
    first_step_done,
    session,
    session_or_key,
  } kind;
  std::optional<model::Scope> scope = {};  // that the caller's role must have, and its key
  bool fresh = false;                      // needs a second factor that is at most five minutes old
  bool for_keys = false;                   // only where the operator allows keys (--api-keys)

  bool needs_token() const { return kind == Kind::session || kind == Kind::session_or_key; }
};

// The same with the type of caller that the operation's handler must have.
template <class Caller>
struct AccessFor : Access {};

// Used by name in endpoints.cpp.
namespace access {

inline constexpr AccessFor<auth::Anyone> anyone{{Access::Kind::anyone}};
inline constexpr AccessFor<auth::FirstStepDone> first_step_done{{Access::Kind::first_step_done}};
inline constexpr AccessFor<auth::SignedIn> session{{Access::Kind::session}};
inline constexpr AccessFor<auth::Principal> session_or_key{{Access::Kind::session_or_key}};

// A session or a key with this scope.
constexpr AccessFor<auth::Principal> scope(model::Scope needed) {
  return {{Access::Kind::session_or_key, needed}};
}
// A session with this scope; no key.
constexpr AccessFor<auth::SignedIn> session_with(model::Scope needed) {
  return {{Access::Kind::session, needed}};
}
constexpr AccessFor<auth::SignedIn> fresh(AccessFor<auth::SignedIn> access) {
  access.fresh = true;
  return access;
}
template <class Caller>
constexpr AccessFor<Caller> for_keys(AccessFor<Caller> access) {
  access.for_keys = true;
  return access;
}

}  // namespace access
}  // namespace integrity::api
