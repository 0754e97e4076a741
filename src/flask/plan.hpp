// What is imported and what is not, of everything that was found, and the report of it. Without --apply there is only
// the report. Pure functions: the same database and time give the same text.
#pragma once
#include <string>
#include <vector>

#include "flask/judge.hpp"
#include "flask/renames.hpp"
#include "flask/source.hpp"

namespace integrity::flask {

// A row that is not imported; its id and name are safe to print on a terminal.
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
  Notes left_out;  // members that the import does not read: "users.email"
  Notes others;    // other collections
  std::vector<Rename> suggestions;

  bool complete() const { return refused_users.empty() && refused_products.empty(); }
};

struct PlanRules {
  Factors factors = Factors::keep;
  std::string currency;
  Time now{};                                   // later dates are treated as missing
  auth::Prehash prehash = auth::Prehash::none;  // what the old server gave to bcrypt
};

// Of users whose names differ only in case, the one with the oldest _id gets the name.
Plan make_plan(const Found& found, const NewNames& new_names, PlanRules rules);

std::string report(const Plan& plan);
// "  ID NAME: WHY" for each.
std::string listed(const std::vector<Refused>& refused);

}  // namespace integrity::flask
