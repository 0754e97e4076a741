#include "app/key_command.hpp"

#include <iostream>

#include "app/host.hpp"

namespace integrity::app {

namespace {

const char* cost_of(const std::string& key) {
  if (key == key_file::password) {
    return "Passwords that were set with another key are no longer valid: integrity user set-password";
  }
  if (key == key_file::secrets) {
    return "Authenticators and recovery codes of another key are no longer valid: integrity user reset-2fa";
  }
  return "Access tokens signed with another key are no longer valid: users log in again";
}

// Before a restore, where the key of the backup is lost.
Status accept_before_restore(const CommandLine& line, const Config& config, const Error& no_database) {
  std::error_code error;
  if (no_database.code != Code::not_found || !std::filesystem::is_directory(config.keys, error)) return no_database;
  SystemRandom random;
  if (line.name == key_file::token)
    return Error{Code::not_found, no_database.detail + ". A restore makes token.key itself"};
  INTEGRITY_CHECK(note_accepted(config.keys, line.name, random));
  std::cout << line.name << ": accepted for a restore into this place. " << cost_of(line.name) << std::endl;
  return {};
}

}  // namespace

Status key_command(const CommandLine& line, const Config& config) {
  const Status database = expect_database(config);
  if (!database) return accept_before_restore(line, config, database.error());
  const auto host = Host::open(config, line.name);
  if (!host) return host.error();
  std::cout << line.name << ": accepted. " << cost_of(line.name) << std::endl;
  return {};
}

}  // namespace integrity::app
