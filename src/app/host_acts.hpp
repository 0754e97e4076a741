// What commands on the host ask for, of any service, as one function: a JSON request in, a JSON reply out. It runs in the
// server (over the control socket) or in the process of the command, in the same way. Each service adds its acts.
//
//   HostActs acts;
//   add_account_acts(acts, accounts);
//   acts.perform(request_for("user.disable", {{"username", "ada"}})).reply
//       // the request: {"act":"user.disable","with":{"username":"ada"}}
//       // the reply:   {"ok":{}}, or {"error":{"code":"not-found","detail":"…"}}
#pragma once
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "app/control.hpp"
#include "base/json_document.hpp"
#include "base/result.hpp"

namespace integrity::app {

struct Member {
  std::string_view name, value;
};
// May hold a password: the caller wipes it.
std::string request_for(std::string_view act, std::initializer_list<Member> with);

struct Performed {
  std::string reply;  // may hold a secret: the caller wipes it
  // For the log.
  std::string act, username, outcome;
};

class HostActs {
 public:
  // Returns a JSON object. May run for long, if it tells its progress and stops when that is false. Safe from several
  // threads.
  using Act = std::function<Result<std::string>(const json::Value& with, const Progress& progress)>;

  void add(std::string name, Act act) { acts_.insert_or_assign(std::move(name), std::move(act)); }

  // Blocks for as long as the act takes. Throws only std::bad_alloc.
  Performed perform(std::string_view request, const Progress& progress = {}) const;

 private:
  Result<std::string> run(std::string_view name, const json::Value& with, const Progress& progress) const;

  std::map<std::string, Act, std::less<>> acts_;
};

// "the password is too easy to guess; see errors": the terminal shows no `errors`, so they become the detail.
std::string whole_detail(const Error& error);
void wipe_texts(json::Value& value);

}  // namespace integrity::app
