#include "app/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <iostream>

#include "app/keys.hpp"
#include "base/nearest.hpp"
#include "base/printable.hpp"

namespace integrity::app {
namespace {

constexpr const char* kSources =
    "Each option can also be set by environment (INTEGRITY_LOGIN_RATE for --login-rate) or in the "
    "file\n"
    "DATA/integrity.toml (login-rate = 1); the flag wins, then the environment, then the file.\n"
    "A variable that is set but empty is refused.";
constexpr const char* kSigning =
    "\nJWT_SECRET_KEY (environment only): sign tokens with HS256 and this key of at least 32 bytes "
    "instead of ES256.\n"
    "JWT_SECRET_KEY and MONGO_URI may also be files of that name in the folder CREDENTIALS_DIRECTORY, which systemd "
    "sets.";

// An address with a password should not appear in the list of processes.
constexpr const char* kFrom = "INTEGRITY_FROM";

struct VerbInfo {
  Verb verb;
  const char *name, *what;
  const char* operand = nullptr;  // the meaning of its NAME, where it takes one
  const char* operand_name = "NAME";
};

constexpr VerbInfo kTop[] = {
    {Verb::serve, "serve",
     "Run the server. Prints `listening on http://ADDRESS:PORT` (https with --tls-cert) when it accepts connections. "
     "SIGTERM or Ctrl-C ends it after requests in progress; a second one ends it at once. SIGHUP: reads the "
     "certificate again"},
    {Verb::config, "config", "Show every option in force and where its value comes from, secrets hidden"},
    {Verb::import_flask, "import-flask",
     "Report what would be imported from the MongoDB of a Flask server (docs/from-flask.md); with --apply, import it. "
     "Status 0: everything, 3: all but what is listed",
     "mongodb://HOST/DATABASE of the old server", "MONGO_URI"},
    {Verb::backup, "backup",
     "Write everything in the store to a new file, as it was at one time, while the server runs or not "
     "(docs/backup.md). Prints path, bytes, last change number, time and SHA-256. Key files are not in it",
     "The file to make; it must not exist. A running server writes it, as its own user", "FILE"},
    {Verb::restore, "restore",
     "Make a store of a backup, in a place that is empty but for keys/ and integrity.toml. The key files must be those "
     "of the backup. Ends every session, and records a change",
     "The backup", "FILE"},
    {Verb::check, "check",
     "Check that everything in the store belongs together, also while the server runs: the file, the history, every "
     "record "
     "against its last change, words, keys. Changes nothing. Status 0: nothing was found, 1: what stdout lists, 2: not "
     "everything could be read"},
};
constexpr const char* kAccount = "The account's username";
constexpr VerbInfo kUser[] = {
    {Verb::user_add, "add",
     "Add an account. At a terminal: asks for the password, draws the QR code, asks for the first code, prints the "
     "recovery codes. Otherwise: reads the password from one line of stdin and prints the otpauth URI, which the "
     "first login confirms",
     kAccount},
    {Verb::user_list, "list", "List the accounts"},
    {Verb::user_set_password, "set-password",
     "Set a new password, typed in or read from one line of stdin, and end the account's sessions", kAccount},
    {Verb::user_reset_2fa, "reset-2fa",
     "End the account's sessions, remove its authenticator and recovery codes, and let it enrol anew for 24 hours",
     kAccount},
    {Verb::user_disable, "disable", "End the account's sessions and refuse its logins", kAccount},
    {Verb::user_enable, "enable", "Let a disabled account log in again", kAccount},
    {Verb::user_remove, "remove",
     "Remove an account that was never confirmed, so that its name is free again. Others are never removed: see "
     "`disable`",
     kAccount},
    {Verb::user_role, "role", "Give an account another role; it acts on its next request", kAccount},
};

constexpr VerbInfo kApiKey[] = {
    {Verb::api_key_add, "add",
     "Make a key for a program. Prints the key on stdout, once. Refused where the running server has no --api-keys; "
     "with MongoDB this command is a node of its own, and takes the option itself",
     "Which program it is for"},
    {Verb::api_key_list, "list",
     "List the keys of all accounts that have not expired. A running server stores the last use every five minutes; "
     "its GET /users/<id>/keys shows it at once"},
    {Verb::api_key_revoke, "revoke", "Revoke a key: it is refused from now on", "The key's id", "ID"},
};

constexpr VerbInfo kInvitation[] = {
    {Verb::invitation_add, "add", "Invite somebody to sign up with a role. Prints the token on stdout, once"},
};

constexpr VerbInfo kKey[] = {
    {Verb::key_accept, "accept",
     "Use a key file in place of the previous one; a missing file is made. What the previous key protected is no "
     "longer "
     "valid: for password.key all passwords, for secrets.key all authenticators and recovery codes, for token.key all "
     "access tokens",
     "password.key, secrets.key or token.key"},
};

class Parser {
 public:
  Parser() : app_("Data Integrity API: product and stock records behind a second factor.", "integrity") {
    app_.set_version_flag("--version", std::string("integrity ") + INTEGRITY_VERSION);
    app_.require_subcommand(1);
    for (const VerbInfo& verb : kTop) add(app_, verb);
    CLI::App& user = *app_.add_subcommand("user", "Manage accounts, on the host");
    user.require_subcommand(1);
    for (const VerbInfo& verb : kUser) add(user, verb);
    CLI::App& api_key = *app_.add_subcommand("api-key", "Manage keys for programs, on the host");
    api_key.require_subcommand(1);
    for (const VerbInfo& verb : kApiKey) add(api_key, verb);
    CLI::App& invitation = *app_.add_subcommand("invitation", "Invite people, on the host");
    invitation.require_subcommand(1);
    for (const VerbInfo& verb : kInvitation) add(invitation, verb);
    CLI::App& key = *app_.add_subcommand("key", "Manage the files in --keys, with the server stopped");
    key.require_subcommand(1);
    for (const VerbInfo& verb : kKey) add(key, verb);
    add_migrate();
    app_.footer("`integrity COMMAND --help` shows the options of a command.");
  }

  std::variant<CommandLine, int> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error, std::cout, std::cerr);  // --help, --version
      std::cerr << visible(mistake(error)) << std::endl;
      return 2;
    }
    return std::move(line_);
  }

 private:
  // CLI11 reports a missing command where one is misspelt; naming that word helps more.
  std::string mistake(const CLI::ParseError& error) const {
    const CLI::App* command = &app_;
    std::string shown = "integrity";
    for (auto inner = command->get_subcommands(); !inner.empty(); inner = command->get_subcommands()) {
      command = inner.front();
      shown += ' ' + command->get_name();
    }
    const std::string help = "; see `" + shown + " --help`";
    const auto unknown = app_.remaining(true);
    if (unknown.empty()) return shown + ": " + error.what() + help;
    const std::string word = unknown.front().substr(0, unknown.front().find('='));
    const auto near = nearest(word, words_of(*command, word.starts_with('-')));
    return shown + ": unknown: " + word + (near ? "; did you mean " + *near + "?" : help);
  }

  // The options, or the subcommands, of `command`.
  static std::vector<std::string> words_of(const CLI::App& command, bool options) {
    std::vector<std::string> words;
    if (options) {
      for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) words.push_back("--" + option->get_lnames().front());
      }
    } else {
      for (const CLI::App* sub : command.get_subcommands(nullptr)) words.push_back(sub->get_name());
    }
    return words;
  }

  void add(CLI::App& parent, const VerbInfo& info) {
    CLI::App& sub = *parent.add_subcommand(info.name, info.what);
    sub.footer(is_about_serving(info.verb) ? std::string(kSources) + kSigning : kSources);
    sub.get_formatter()->column_width(44);
    if (info.operand != nullptr) {
      CLI::Option& name = *sub.add_option(info.operand_name, line_.name, info.operand)->required();
      if (info.verb == Verb::import_flask) name.envname(kFrom);
      if (info.verb == Verb::key_accept)
        name.check(CLI::IsMember({key_file::password, key_file::secrets, key_file::token}));
    }
    if (info.verb == Verb::import_flask) add_import_options(sub);
    add_access_options(sub, info.verb);
    for (const Option& option : all_options()) {
      if (concerns(info.verb, option)) add(sub, option);
    }
    sub.callback([this, verb = info.verb] { line_.verb = verb; });
  }

  void add_access_options(CLI::App& sub, Verb verb) {
    AccessOptions& access = line_.access;
    std::vector<std::string> roles, scopes;
    for (const auto role : model::all_roles()) roles.emplace_back(name_of(role));
    for (const auto scope : model::all_scopes()) {
      if (scope != model::Scope::accounts_write) scopes.emplace_back(name_of(scope));
    }
    const auto role = [&](const std::string& about) {
      return sub.add_option("--role", access.role, about)->type_name("ROLE")->check(CLI::IsMember(roles));
    };
    const auto not_empty =
        CLI::Validator([](std::string& text) { return text.empty() ? "is empty" : std::string(); }, "");
    switch (verb) {
      case Verb::user_add:
        role("Its role: viewer, clerk, editor, auditor or admin [--signup-role; the first account: admin]");
        break;
      case Verb::user_role:
        sub.add_option("ROLE", access.role, "The new role")->required()->check(CLI::IsMember(roles));
        break;
      case Verb::user_list:
        sub.add_flag("--json", access.json, "As a JSON array, as GET /users gives it");
        break;
      case Verb::api_key_add:
        sub.add_option("--user", access.user, "Its owner, an account's username")->type_name("NAME")->required();
        sub.add_option("--scope", access.scopes, "What it may do; once for each")
            ->type_name("SCOPE")
            ->required()
            ->check(CLI::IsMember(scopes));
        sub.add_option("--expires", access.expires, "When it ends, at most 366d: N with s, m, h or d; or never [90d]")
            ->type_name("TIME");
        break;
      case Verb::invitation_add:
        role("The role of the account that it lets in")->required();
        sub.add_option("--name", access.person, "The person's name")->type_name("NAME")->check(not_empty);
        sub.add_option("--expires", access.expires, "When it ends, at most 30d: N with s, m, h or d [7d]")
            ->type_name("TIME");
        break;
      default:
        break;
    }
  }

  void add_import_options(CLI::App& sub) {
    sub.add_flag("--apply", line_.import_options.apply, "Import; without it nothing is changed");
    sub.add_option(
           "--factors", line_.import_options.factors,
           "Whether authenticators go on working. The old server showed their secrets to anyone: reenrol is the "
           "safe choice [keep]")
        ->type_name("keep|reenrol")
        ->check(CLI::IsMember({"keep", "reenrol"}));
    sub.add_option("--prehashed", line_.import_options.prehashed,
                   "The old server gave bcrypt the SHA-256 of a password in hex, as Flask-Bcrypt does with "
                   "BCRYPT_HANDLE_LONG_PASSWORDS")
        ->type_name("sha256-hex")
        ->check(CLI::IsMember({"sha256-hex"}));
    sub.add_option("--rename", line_.import_options.rename, "Lines `OLD NEW`: usernames to change in the import")
        ->type_name("FILE");
  }

  void add_migrate() {
    MigrateOptions& options = line_.migrate_options;
    CLI::App& sub = *app_.add_subcommand("migrate",
                                         "Move everything from one store into an empty one. The source is sealed: "
                                         "nothing can be written to it any more. "
                                         "After an interruption, run the same command again: it continues");
    sub.footer("A store is a data folder, or mongodb://HOST,…/DATABASE of a replica set. Key files are not moved.");
    sub.get_formatter()->column_width(44);
    sub.add_option("--from", options.from, "The store to move")->type_name("STORE")->required()->envname(kFrom);
    sub.add_option("--to", options.to, "The store to move it to; it must be empty")
        ->type_name("STORE")
        ->envname("INTEGRITY_TO");
    sub.add_flag("--unseal", options.unseal, "Cancel the migration: open --from again");
    sub.add_flag(
        "--finished-too", options.finished_too,
        "With --unseal: even if the migration was finished. What was written to the other store since is lost");
    sub.callback([this] { line_.verb = Verb::migrate; });
  }

  void add(CLI::App& sub, const Option& option) {
    const std::string name(option.name);
    const auto take = [this, name](const std::string& text) { line_.flags[name] = text; };
    const std::string meaning(option.meaning);
    if (option.value.empty()) {
      sub.add_flag_callback(
          "--" + name, [take] { take("true"); }, meaning);
      return;
    }
    const std::string fallback(option.fallback.empty() ? option.derived : option.fallback);
    sub.add_option_function<std::string>("--" + name, take, meaning + " [" + fallback + "]")
        ->type_name(std::string(option.value));
  }

  static bool concerns(Verb verb, const Option& option) {
    if (is_about_serving(verb)) return true;
    switch (option.for_whom) {
      case Option::For::every_command:
        return true;
      case Option::For::new_password:
        return verb == Verb::user_add || verb == Verb::user_set_password;
      case Option::For::new_products:
        return verb == Verb::import_flask;
      case Option::For::new_key:
        return verb == Verb::api_key_add;
      case Option::For::server:
        break;
    }
    return false;
  }
  static bool is_about_serving(Verb verb) { return verb == Verb::serve || verb == Verb::config; }

  CLI::App app_;
  CommandLine line_;
};

}  // namespace

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

}  // namespace integrity::app
