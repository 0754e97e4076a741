#include "app/key_command.hpp"

#include <iostream>

#include "app/host.hpp"

namespace integrity::app {

Status key_command(const CommandLine& line, const Config& config) {
  INTEGRITY_CHECK(DataFolder::expect_database_in(config.data));
  const auto host = Host::open(config, line.name);
  if (!host) return host.error();
  std::cout << line.name << ": accepted. "
            << (line.name == key_file::password
                    ? "Passwords set with the one before are good no more: integrity user set-password"
                    : "Authenticators and recovery codes of the one before are good no more: integrity user reset-2fa")
            << std::endl;
  return {};
}

}  // namespace integrity::app
