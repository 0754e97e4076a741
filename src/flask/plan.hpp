// What is to come over and what is not, of everything that was found; and the report of it, which is all that happens
// unless it is confirmed. Pure: the same database and time give the same text.
#pragma once
#include <string>
#include <vector>

#include "flask/judge.hpp"
#include "flask/renames.hpp"
#include "flask/source.hpp"

namespace integrity::flask {

// A row that stays behind, with its id and name as a terminal may have them.
struct Refused {
  std::string id, name, why;
};

struct Plan {
  std::string where;
  Factors factors = Factors::keep;
  auth::Prehash prehash = auth::Prehash::none;
  std::string currency;
  std::vector<Person> people;            // by _id
  std::vector<model::Product> products;  // oldest first
  std::vector<Refused> refused_users, refused_products;
  Notes notes;
  Notes left_out;  // members that nobody here reads: "users.email"
  Notes others;    // whole collections
  std::vector<Rename> suggestions;

  bool complete() const { return refused_users.empty() && refused_products.empty(); }
};

struct PlanRules {
  Factors factors = Factors::keep;
  std::string currency;
  Time now{};                                   // what is dated later has no date
  auth::Prehash prehash = auth::Prehash::none;  // what the old server gave to bcrypt
};

// Of users whose names differ in case only, the one with the oldest _id has it.
Plan make_plan(const Found& found, const NewNames& new_names, PlanRules rules);

std::string report(const Plan& plan);
// "  ID NAME: WHY" for each.
std::string listed(const std::vector<Refused>& refused);

}  // namespace integrity::flask
