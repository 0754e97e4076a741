// What the operator may do on the host, as one function: a JSON request in, a JSON reply out. It runs in the server
// (over the control socket) or in the command's own process, and neither knows the difference.
//
//   request_act("user.disable", {{"username", "ada"}})   // {"act":"user.disable","with":{"username":"ada"}}
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
std::string request_act(std::string_view attribution, std::initializer_list<Member> with);

// Whether `user.add` would take such a name and password, if nobody has the name.
Status may_be_added(std::string_view username, const Secret& password, std::string_view issuer);

struct Performed {
  std::string reply;  // may hold a secret: the caller wipes it
  // For the log.
  std::string attribution, username, outcome;
};

// Blocks as long as a password takes to hash. Never throws.
Performed perform(auth::Accounts& accounts, std::string_view request);

}  // namespace integrity::app
