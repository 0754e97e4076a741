// Whether a row of the old database can be imported, and as what. Pure functions.
//
//   auto judged = judge_product(row, "EUR", now, notes);
//   judged.error().detail;   // "price 0.30000000000000004 has more than four places; stock is missing"
//
// Nothing is rounded, cut or guessed: a row that does not fit is refused, with every reason at once. A reason never
// shows a password or a secret.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "auth/password.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "flask/row.hpp"
#include "model/lifetime.hpp"
#include "model/product.hpp"
#include "model/user.hpp"

namespace integrity::flask {

enum class Factors : std::uint8_t { keep, reenrol };

inline constexpr auto enrolment_life = model::import_enrolment_life;
inline constexpr std::size_t secret_bytes_min = 10;  // pyotp made these for years; RFC 4226 §4 R6 requires 16

struct Person {
  model::User user;        // as it will be stored, but without a factor
  Secret secret;           // of the authenticator that is kept; empty where none is
  std::string why_enrols;  // why a secret that there should be is not kept
};

// Values that were not taken literally, and how many of each kind.
using Notes = std::map<std::string, std::size_t>;

// The row's _id, if it is an ObjectId.
std::optional<RecordId> id_of(const Row& row);
// The member's value, if it is a text.
std::optional<std::string> text_of(const Row& row, std::string_view name);

// A `created_at` later than `now` is treated as missing.
Result<Person> judge_user(const Row& row, const std::optional<std::string>& renamed, Factors factors, Time now,
                          auth::Prehash prehash = auth::Prehash::none);
Result<model::Product> judge_product(const Row& row, const std::string& currency, Time now, Notes& notes);

// Whether the import reads this member: of any row, of a user, of this product.
bool is_read(std::string_view name);
bool is_read_of_user(std::string_view name);
bool is_read_of_product(const Row& row, std::string_view name);

// Reads base32 as pyotp does: any case, with or without padding, spare bits ignored. Nothing where pyotp would fail.
std::optional<Secret> read_base32(std::string_view text);

}  // namespace integrity::flask
