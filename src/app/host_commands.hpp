// Host commands as one function: a JSON request in, a JSON reply out. It runs in the server (over the control socket)
// or in the process of the command, in the same way.
//
//   request_for("user.disable", {{"username", "ada"}})   // {"act":"user.disable","with":{"username":"ada"}}
//   perform(accounts, request).reply                     // {"ok":{}}, or
//                                                        // {"error":{"code":"not-found","detail":"…"}}
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "auth/accounts.hpp"

namespace integrity::app {

struct Member {
  std::string_view name, value;
};
// May hold a password: the caller wipes it.
std::string request_for(std::string_view command, std::initializer_list<Member> with);

// Whether `user.add` would take this name and password if the name is free.
Status may_be_added(std::string_view username, const Secret& password, std::string_view issuer);

struct Performed {
  std::string reply;  // may hold a secret: the caller wipes it
  // For the log.
  std::string command, username, outcome;
};

// Blocks for as long as hashing a password takes. Throws only std::bad_alloc.
Performed perform(auth::Accounts& accounts, std::string_view request);

}  // namespace integrity::app
