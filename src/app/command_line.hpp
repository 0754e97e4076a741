// Parses argv into a verb, its operand and its options. --help comes from the table in options.cpp.
#pragma once
#include <string>
#include <variant>

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
  key_accept,
  import_flask,
  migrate,
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

struct CommandLine {
  Verb verb = Verb::serve;
  std::string name;  // the operand: an account, a key file or an address
  ImportOptions import_options;
  MigrateOptions migrate_options;
  Flags flags;
};

// Or an exit status, after help or the version was printed to stdout (0), or a mistake was reported on stderr (2).
std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv);

}  // namespace integrity::app
