// Whether a row of the old database can come over, and as what. Pure.
//
//   auto judged = judge_product(row, "EUR", now, notes);
//   judged.error().detail;   // "price 0.30000000000000004 has more than four places; stock is missing"
//
// Nothing is rounded, cut or guessed: what does not fit is told, all of it at once. Neither passwords nor secrets are in
// what is told.
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
inline constexpr std::size_t secret_bytes_min = 10;  // what pyotp made for years; RFC 4226 §4 R6 wants 16

struct Person {
  model::User user;  // as it will be, but without a factor
  Secret secret;     // of the authenticator that stays good; empty: none does
  std::string why_enrols;
};

// What was read otherwise than as it stands, and how often.
using Notes = std::map<std::string, std::size_t>;

// The row's ObjectId, where it has one.
std::optional<RecordId> id_of(const Row& row);
// Its text, where that is what it is.
std::optional<std::string> text_of(const Row& row, std::string_view name);

// A time after `now` is taken for none.
Result<Person> judge_user(const Row& row, const std::optional<std::string>& renamed, Factors factors, Time now,
                          auth::Prehash prehash = auth::Prehash::none);
Result<model::Product> judge_product(const Row& row, const std::string& currency, Time now, Notes& notes);

// Whether somebody here reads this member: of any row, of a user, of this product.
bool is_read(std::string_view name);
bool is_read_of_user(std::string_view name);
bool is_read_of_product(const Row& row, std::string_view name);

// As pyotp reads it: any case, padding or none, spare bits ignored. Nothing where it would have failed.
std::optional<Secret> read_base32(std::string_view text);

}  // namespace integrity::flask
