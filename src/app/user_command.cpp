#include "app/user_command.hpp"

#include <unistd.h>

#include <iostream>

#include "api/account_view.hpp"
#include "app/host_call.hpp"
#include "app/host_commands.hpp"
#include "app/terminal.hpp"
#include "auth/qr.hpp"
#include "base/json.hpp"

namespace integrity::app {
namespace {

Result<Secret> password_for_json() {
  INTEGRITY_TRY(Secret password, read_new_password());
  // Text in JSON is UTF-8; anything else would be sent as another password.
  if (!count_code_points(password.reveal_text())) {
    return Error{Code::invalid_value, "the password is not valid UTF-8"};
  }
  return password;
}

// The account exists but is pending, and this command cannot confirm it any more.
Error not_confirmed(const std::string& name, const std::string& why) {
  return {Code::invalid_value, why + "; " + name +
                                   " is not confirmed. Its first login asks for a code of this secret; or start over: "
                                   "integrity user remove " +
                                   name};
}

// The message before the next code is asked for; nothing if another code cannot help.
std::optional<std::string> about_code(const Error& error) {
  if (error.code == Code::invalid_value) return "A code is six digits.";
  if (error.code == Code::invalid_code || error.code == Code::code_already_used) {
    return "That was not right. Type the code that the authenticator shows now. If that never works, check the clock "
           "of "
           "the phone.";
  }
  return {};
}

Result<json::Value> confirm_at_terminal(const Config& config, const std::string& name, const std::string& challenge) {
  for (;;) {
    const auto code = ask("First code: ");
    if (!code) return not_confirmed(name, "no code was given");
    auto confirmed = call_host(config, request_for("user.confirm", {{"challenge", challenge}, {"code", *code}}));
    if (confirmed) return confirmed;
    if (const auto said = about_code(confirmed.error())) {
      std::cerr << *said << '\n';
    } else if (confirmed.error().code == Code::challenge_expired) {
      return not_confirmed(name, "too many wrong codes, or too late");
    } else {
      return confirmed;
    }
  }
}

Status add(const std::string& name, const std::string& role, const Config& config) {
  INTEGRITY_TRY(const Secret password, password_for_json());
  // No database is made for an account that would be refused.
  if (!expect_database(config)) INTEGRITY_CHECK(may_be_added(name, password, config.issuer));
  INTEGRITY_TRY(
      const auto added,
      call_host(config,
                request_for("user.add", {{"username", name}, {"password", password.reveal_text()}, {"role", role}}),
                NoDatabase::make));
  const std::string uri = text_in(added, "otpauth_uri");
  if (!on_terminal() || ::isatty(STDOUT_FILENO) != 1) {
    std::cout << uri << std::endl;
    return {};
  }
  std::cout << auth::qr_text(uri)
            << "Scan this with an authenticator, or type in its secret: " << text_in(added, "secret") << std::endl;
  INTEGRITY_TRY(const auto confirmed, confirm_at_terminal(config, name, text_in(added, "challenge")));
  std::cout << "The account is ready. Its recovery codes, each good for one login; they are not "
               "shown again:\n";
  if (const json::Value* codes = confirmed.find("recovery_codes")) {
    for (const json::Value& code : codes->items) std::cout << "  " << code.text << '\n';
  }
  std::cout << std::flush;
  return {};
}

Status set_password(const std::string& name, const Config& config) {
  INTEGRITY_CHECK(expect_database(config));  // before the password is typed
  INTEGRITY_TRY(const Secret password, password_for_json());
  const auto done =
      call_host(config, request_for("user.set-password", {{"username", name}, {"password", password.reveal_text()}}));
  if (!done) return done.error();
  std::cout << name << ": the password is set, sessions have ended" << std::endl;
  return {};
}

Status run_by_name(std::string_view command, const std::string& name, const Config& config, std::string_view outcome) {
  const auto done = call_host(config, request_for(command, {{"username", name}}));
  if (!done) return done.error();
  std::cout << name << ": " << outcome << std::endl;
  return {};
}

// A reset of the only admin is allowed: it may be the only way back. Until the new factor, nobody is in.
void warn_of_last_admin(const std::string& name, const Config& config) {
  const auto read = read_host(config);
  if (!read) return;
  const auto user = (*read)->user_by_name(name);
  const bool admin = user && user->role == model::Role::admin && user->state == model::UserState::active;
  if (admin && (*read)->active_admins() == 1) {
    std::cerr << name << " is the last admin: until the new authenticator is enrolled, nobody can act as one"
              << std::endl;
  }
}

Status set_role(const std::string& name, const std::string& role, const Config& config) {
  const auto done = call_host(config, request_for("user.role", {{"username", name}, {"role", role}}));
  if (!done) return done.error();
  std::cout << name << ": the role is " << role << std::endl;
  return {};
}

// "active", or what its owner has to do first: "active, factor enrol".
std::string state_shown(const api::AccountView& account) {
  return account.factor == "active" || account.state == "pending" ? account.state
                                                                  : account.state + ", factor " + account.factor;
}

Status list(const Config& config, bool json) {
  INTEGRITY_TRY(const auto read, read_host(config));
  std::cerr << "Accounts in " << shown_store(config) << ":" << std::endl;
  std::string array = "[";
  for (const model::User& user : read->users()) {
    const auto account = api::account_view(*read.tx, user, config.signup_role, SystemClock().now());
    if (json) {
      if (array.size() > 1) array += ',';
      schema::write(array, account);
      continue;
    }
    std::cout << account.id.hex() << '\t' << state_shown(account) << '\t' << account.role << '\t'
              << to_rfc3339(account.created_at) << '\t'
              << (account.last_login_at ? to_rfc3339(*account.last_login_at) : "never") << '\t' << account.username
              << '\n';
  }
  if (json) std::cout << array << "]\n";
  std::cout << std::flush;
  return {};
}

}  // namespace

Status user_command(const CommandLine& line, const Config& config) {
  switch (line.verb) {
    case Verb::user_add:
      return add(line.name, line.access.role, config);
    case Verb::user_list:
      return list(config, line.access.json);
    case Verb::user_set_password:
      return set_password(line.name, config);
    case Verb::user_reset_2fa:
      warn_of_last_admin(line.name, config);
      return run_by_name("user.reset-2fa", line.name, config,
                         "sessions have ended; the next login within 24 hours enrols a new authenticator");
    case Verb::user_disable:
      return run_by_name("user.disable", line.name, config, "disabled, sessions have ended");
    case Verb::user_enable:
      return run_by_name("user.enable", line.name, config, "enabled");
    case Verb::user_remove:
      return run_by_name("user.remove", line.name, config, "removed, its name is free again");
    case Verb::user_role:
      return set_role(line.name, line.access.role, config);
    default:
      break;
  }
  return Error{Code::internal, "not a user command"};
}

}  // namespace integrity::app
