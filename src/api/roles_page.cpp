#include "api/roles_page.hpp"

#include "api/endpoints.hpp"
#include "model/change_words.hpp"

namespace integrity::api {
namespace {

using model::Role;
using model::Scope;

std::string code(std::string_view text) {
  return '`' + std::string(text) + '`';
}

std::string roles_with(const Access& access) {
  if (!access.scope) return "all";
  std::string roles;
  for (const Role role : model::all_roles()) {
    if (model::scopes_of(role).has(*access.scope)) roles += (roles.empty() ? "" : ", ") + std::string(name_of(role));
  }
  return roles;
}

std::string callers_of(const Access& access) {
  switch (access.kind) {
    case Access::Kind::anyone:
      return "anyone";
    case Access::Kind::first_step_done:
      return "challenge";
    case Access::Kind::session:
      return access.fresh ? "session, fresh" : "session";
    case Access::Kind::session_or_key:
      return "session or key";
  }
  return {};
}

}  // namespace

std::string roles_page() {
  std::string page =
      "# Roles and scopes\n\n"
      "This page is generated from the declarations in `src/api/endpoints.cpp` and `src/model/role.cpp`; a test "
      "compares "
      "it. An account has one role. A role is a set of scopes. The server looks at the role at each request: a change "
      "acts on the next request of every session and key of the account. What only concerns oneself (`/me…`, "
      "`/logout`) needs no scope.\n\n"
      "## What a role may do\n\n| scope |";
  for (const Role role : model::all_roles()) page += ' ' + std::string(name_of(role)) + " |";
  page += "\n| --- |";
  for (std::size_t i = 0; i < model::all_roles().size(); ++i) page += " --- |";
  for (const Scope scope : model::all_scopes()) {
    page += "\n| " + code(name_of(scope)) + " |";
    for (const Role role : model::all_roles()) page += model::scopes_of(role).has(scope) ? " ● |" : " |";
  }
  page +=
      "\n\n## What an operation needs\n\n"
      "*Session*: the access token of a session. *Fresh*: with a second factor that was proved in the last five "
      "minutes "
      "(`POST /me/proof`). *Key*: a program's key, where the operator allows keys; it needs the scope itself, and its "
      "owner's role must have it too.\n\n"
      "| operation | caller | scope | roles |\n| --- | --- | --- | --- |\n";
  for (const Endpoint& endpoint : endpoints()) {
    if (!endpoint.access.needs_token()) continue;
    const auto& access = endpoint.access;
    page += "| " + code(std::string(http::to_string(endpoint.method)) + ' ' + std::string(endpoint.path)) + " | " +
            callers_of(access) + " | " + (access.scope ? code(name_of(*access.scope)) : "") + " | " +
            roles_with(access) + " |\n";
  }
  page +=
      "\n## Words in a history\n\n"
      "`op` in `GET /changes` and in the histories of accounts. The history of a product leaves out `product.`.\n\n"
      "| op | what happened |\n| --- | --- |\n";
  for (const auto& word : model::change_words()) {
    page += "| " + code(word.op) + " | " + std::string(word.about) + " |\n";
  }
  return page;
}

}  // namespace integrity::api
