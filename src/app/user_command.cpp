#include "app/user_command.hpp"

#include <unistd.h>

#include <iostream>
#include <thread>

#include "app/control.hpp"
#include "app/host.hpp"
#include "app/host_commands.hpp"
#include "app/option_values.hpp"
#include "app/terminal.hpp"
#include "auth/qr.hpp"
#include "base/json.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

enum class NoDatabase : std::uint8_t { make, refuse };

// Runs the request in the server that holds the folder, or in this process if none does. With MongoDB this process is a
// node.
Result<std::string> reply_to(const Config& config, std::string_view request) {
  // A server that is starting or ending holds the lock but does not reply. That is over soon.
  constexpr int attempts_max = 50;
  constexpr std::chrono::milliseconds pause{100};
  for (int attempt = 1;; ++attempt) {
    if (config.mongo_uri.empty()) {
      if (auto reply = control_call(DataFolder::control_in(config.data), request)) return std::move(*reply);
    }
    const auto host = Host::open(config);
    if (host) return perform((*host)->accounts, request).reply;
    if (host.error().code != Code::overloaded || attempt == attempts_max) return host.error();
    std::this_thread::sleep_for(pause);
  }
}

// The `ok` of the reply, or its `error` as an Error.
Result<json::Value> run(const Config& config, std::string request, NoDatabase no_database = NoDatabase::refuse) {
  if (no_database == NoDatabase::refuse) INTEGRITY_CHECK(expect_database(config));
  auto reply = reply_to(config, request);
  wipe(request);
  if (!reply) return reply.error();
  auto parsed = json::parse(*reply);
  wipe(*reply);
  const Error unreadable{Code::internal, "the server's reply cannot be read; is it of another version?"};
  if (!parsed) return unreadable;
  if (const json::Value* ok = parsed->find("ok")) return *ok;
  const json::Value* const error = parsed->find("error");
  const json::Value* const slug = error != nullptr ? error->find("code") : nullptr;
  const json::Value* const detail = error != nullptr ? error->find("detail") : nullptr;
  if (slug == nullptr || detail == nullptr) return unreadable;
  for (const CodeInfo& code : all_codes()) {
    if (code.slug == slug->text) return Error{code.code, detail->text};
  }
  return unreadable;
}

std::string text_in(const json::Value& object, std::string_view name) {
  const json::Value* const value = object.find(name);
  return value != nullptr ? value->text : "";
}

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
    auto confirmed = run(config, request_for("user.confirm", {{"challenge", challenge}, {"code", *code}}));
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

Status add(const std::string& name, const Config& config) {
  INTEGRITY_TRY(const Secret password, password_for_json());
  // No database is made for an account that would be refused.
  if (!expect_database(config)) INTEGRITY_CHECK(may_be_added(name, password, config.issuer));
  INTEGRITY_TRY(const auto added,
                run(config, request_for("user.add", {{"username", name}, {"password", password.reveal_text()}}),
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
      run(config, request_for("user.set-password", {{"username", name}, {"password", password.reveal_text()}}));
  if (!done) return done.error();
  std::cout << name << ": the password is set, sessions have ended" << std::endl;
  return {};
}

Status run_by_name(std::string_view command, const std::string& name, const Config& config, std::string_view outcome) {
  const auto done = run(config, request_for(command, {{"username", name}}));
  if (!done) return done.error();
  std::cout << name << ": " << outcome << std::endl;
  return {};
}

std::string_view state_of(const model::User& user) {
  switch (user.state) {
    case model::UserState::pending:
      return "pending";
    case model::UserState::active:
      return user.has_factor() ? "active" : "to enrol anew";
    case model::UserState::disabled:
      return "disabled";
  }
  return "";
}

Result<std::vector<model::User>> all_users(const Config& config) {
  if (config.mongo_uri.empty()) {  // a snapshot: the server may hold the folder
    return store::sqlite::open_sqlite_snapshot(DataFolder::database_in(config.data))->users();
  }
  INTEGRITY_TRY(const auto host, Host::open(config));
  return host->store->read()->users();
}

Status list(const Config& config) {
  INTEGRITY_CHECK(expect_database(config));
  INTEGRITY_TRY(const auto users, all_users(config));
  std::cerr << "Accounts in "
            << (config.mongo_uri.empty() ? DataFolder::database_in(config.data).string()
                                         : hide_uri_secrets(config.mongo_uri))
            << ":" << std::endl;
  for (const model::User& user : users) {
    std::cout << user.id.hex() << '\t' << state_of(user) << '\t' << to_rfc3339(user.created_at) << '\t' << user.username
              << '\n';
  }
  std::cout << std::flush;
  return {};
}

}  // namespace

Status user_command(const CommandLine& line, const Config& config) {
  switch (line.verb) {
    case Verb::user_add:
      return add(line.name, config);
    case Verb::user_list:
      return list(config);
    case Verb::user_set_password:
      return set_password(line.name, config);
    case Verb::user_reset_2fa:
      return run_by_name("user.reset-2fa", line.name, config,
                         "sessions have ended; the next login within 24 hours enrols a new authenticator");
    case Verb::user_disable:
      return run_by_name("user.disable", line.name, config, "disabled, sessions have ended");
    case Verb::user_enable:
      return run_by_name("user.enable", line.name, config, "enabled");
    case Verb::user_remove:
      return run_by_name("user.remove", line.name, config, "removed, its name is free again");
    case Verb::serve:
    case Verb::config:
    case Verb::key_accept:
    case Verb::import_flask:
    case Verb::migrate:
      break;
  }
  return Error{Code::internal, "not a user command"};
}

}  // namespace integrity::app
