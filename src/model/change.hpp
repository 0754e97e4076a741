// The history: one Change for every mutation, with a dense number, written in the transaction of the mutation.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/time.hpp"
#include "schema/rules.hpp"

namespace integrity::model {

// Who makes a change, how they proved who they are, and why they make it. Every mutation gets one.
struct Attribution {
  enum class Proof : std::uint8_t {
    none,      // the server itself: expiry, a factor disabled by its counter
    host,      // a command on the host
    password,  // first step only
    otp,       // password and a code of the authenticator
    recovery,  // password and a recovery code
  };
  std::optional<UserId> actor = {};
  Proof proof = Proof::none;
  std::optional<std::string> reason = {};
  std::optional<std::string> reference = {};
};

inline constexpr schema::Text change_reason{.max = 500};
inline constexpr schema::Text change_reference{.max = 100};

enum class RecordKind : std::uint8_t { user, session, product };

struct Change {
  std::int64_t number = 0;  // dense, from 1
  Time at{};                // never decreases from one number to the next
  RecordKind kind = RecordKind::product;
  RecordId record;
  std::int64_t revision = 0;  // the record's version after this change; a delete takes the next one
  std::string op;             // "product.create", "session.start", "user.confirm", …: see store/tx.cpp and auth/
  Attribution attribution;
  // The record after the change, as JSON without secrets; empty after a delete. The record before it is the `after` of
  // the previous revision.
  std::string after;
};

}  // namespace integrity::model
