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

}  // namespace

Status key_command(const CommandLine& line, const Config& config) {
  INTEGRITY_CHECK(expect_database(config));
  const auto host = Host::open(config, line.name);
  if (!host) return host.error();
  std::cout << line.name << ": accepted. " << cost_of(line.name) << std::endl;
  return {};
}

}  // namespace integrity::app
