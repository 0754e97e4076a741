// Parses argv into a verb, its operand and its options. --help comes from the table in options.cpp.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "app/options.hpp"

namespace integrity::app {

enum class Verb : std::uint8_t {
  serve,
  config,
  user_add,
  user_list,
  user_set_password,
  user_reset_2fa,
  user_disable,
  user_enable,
  user_remove,
  user_role,
  api_key_add,
  api_key_list,
  api_key_revoke,
  invitation_add,
  key_accept,
  import_flask,
  migrate,
  backup,
  restore,
  check,
};

// Of import-flask.
struct ImportOptions {
  std::string rename;            // a file; empty: none
  std::string factors = "keep";  // or reenrol
  std::string prehashed;         // sha256-hex; empty: the old server gave passwords to bcrypt as they are
  bool apply = false;
};

// Of migrate, which takes no others.
struct MigrateOptions {
  std::string from, to;  // stores
  bool unseal = false, finished_too = false;
};

// Of the commands about roles, keys and invitations.
struct AccessOptions {
  std::string role;  // empty: by the rules
  std::string user;  // the owner of a key
  std::vector<std::string> scopes;
  std::string expires;  // "90d", "never"; empty: the default
  std::string person;   // the name of an account to come
  bool json = false;
};

struct CommandLine {
  Verb verb = Verb::serve;
  std::string name;  // the operand: an account, a file, a key file or an address
  AccessOptions access;
  ImportOptions import_options;
  MigrateOptions migrate_options;
  Flags flags;
};

// Or an exit status, after help or the version was printed to stdout (0), or a mistake was reported on stderr (2).
std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv);

}  // namespace integrity::app
