// The history: one Change for every mutation, with a dense number, written in the transaction of the mutation.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
    key,       // a program's key
    reset,     // a reset token
  };
  std::optional<UserId> actor = {};
  std::optional<ApiKeyId> key = {};  // the actor's, where a program made the change
  Proof proof = Proof::none;
  std::optional<std::string> reason = {};
  std::optional<std::string> reference = {};
};

inline constexpr schema::Text change_reason{.max = 500};
inline constexpr schema::Text change_reference{.max = 100};

enum class RecordKind : std::uint8_t { user, session, product, key, invitation, store };

struct Change {
  std::int64_t number = 0;  // dense, from 1
  Time at{};                // never decreases from one number to the next
  RecordKind kind = RecordKind::product;
  RecordId record;
  std::int64_t revision = 0;  // the record's version after this change; a delete takes the next one
  std::string op;             // "product.create", "session.start", "user.confirm", …: docs/roles.md lists them
  Attribution attribution;
  std::optional<UserId> account = {};  // the account in whose history it is; nothing for a product
  // The record after the change, as JSON without secrets; empty after a delete. The record before it is the `after` of
  // the previous revision.
  std::string after;
  std::string before = {};  // filled in by ReadTx::find_changes only
};

// Changes of all records, newest first. All given conditions must hold.
struct ChangeQuery {
  std::optional<UserId> account = {};
  std::optional<RecordKind> kind = {};
  std::optional<UserId> actor = {};
  std::optional<RecordId> record = {};
  std::optional<Time> since = {}, until = {};  // includes since, not until
  std::optional<std::int64_t> below = {};      // numbers below this one
  std::size_t limit = 100;
  std::size_t bytes_max = 4 * 1024 * 1024;  // of before and after, about
  std::chrono::milliseconds time_max{500};  // then a short page
};
struct ChangePage {
  std::vector<Change> changes;
  std::optional<std::int64_t> next_below = {};  // nothing: there are no more
};

}  // namespace integrity::model
