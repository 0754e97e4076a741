// What the history holds: one Change for every mutation, with a dense number, in the transaction that made it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/time.hpp"
#include "schema/rules.hpp"

namespace integrity::model {

// Who does something, how they proved it, and why. Given to every mutation.
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
  Time at{};                // never decreases along the numbers
  RecordKind kind = RecordKind::product;
  RecordId record;
  std::int64_t revision = 0;  // the record's version after this change; a delete takes the next one
  std::string op;             // "product.create", "session.start", "user.confirm", …: given in store/tx.cpp and auth/
  Attribution attribution;
  // The record afterwards, as JSON without secrets; empty when there is none any more. What it was before is
  // the `after` of the revision before.
  std::string after;
};

}  // namespace integrity::model
