// The program `integrity`. Exit status: 0 done, 1 failed, 2 a mistake in the command, 3 done in part (import).
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "app/access_command.hpp"
#include "app/backup_command.hpp"
#include "app/check_command.hpp"
#include "app/command_line.hpp"
#include "app/import_command.hpp"
#include "app/key_command.hpp"
#include "app/migrate_command.hpp"
#include "app/restore_command.hpp"
#include "app/serve.hpp"
#include "app/user_command.hpp"
#include "base/log.hpp"
#include "base/printable.hpp"

namespace {

using namespace integrity;
using namespace integrity::app;

int complain(std::string_view why, int status) {
  std::cerr << "integrity: " << visible(why) << std::endl;
  return status;
}

// With the cause, which clients do not get; the operator may see it.
std::string text_of(const Error& error) {
  return error.cause.empty() || error.cause == error.detail ? error.detail : error.detail + "\n  " + error.cause;
}

int finish(const Status& status) {
  return status ? 0 : complain(text_of(status.error()), 1);
}

int show(const Loaded& loaded) {
  for (const Setting& setting : loaded.settings) {
    std::cout << setting.name << " = " << setting.text << "  (" << setting.source << ")\n";
  }
  std::cout << std::flush;
  // What `serve` would refuse is reported here too, after the list that shows where each value comes from.
  const Status fit = check_serve(loaded.config);
  return fit ? 0 : complain(fit.error().detail, 2);
}

int finish(const Result<Everything>& imported) {
  if (!imported) return complain(text_of(imported.error()), imported.error().code == Code::invalid_value ? 2 : 1);
  return *imported == Everything::comes_over ? 0 : 3;
}

int migrate(const MigrateOptions& options) {
  const auto wanted = read_move(options);
  return wanted ? finish(migrate_command(*wanted)) : complain(wanted.error().detail, 2);
}

int run(const CommandLine& line) {
  if (line.verb == Verb::migrate) return migrate(line.migrate_options);
  auto loaded = load(line.flags, system_environment);
  if (!loaded) return complain(loaded.error().detail, loaded.error().code == Code::invalid_value ? 2 : 1);
  for (const auto& name : unknown_variables(::environ)) log::event("option.unknown", {{"variable", name}});
  if (line.verb == Verb::config) return show(*loaded);
  if (line.verb == Verb::serve) {
    const Status fit = check_serve(loaded->config);
    if (!fit) return complain(fit.error().detail, 2);
    return finish(serve(std::move(loaded->config)));
  }
  if (line.verb == Verb::check) return check_command(loaded->config);
  if (line.verb == Verb::import_flask) return finish(import_command(line, loaded->config));
  if (line.verb == Verb::backup) return finish(backup_command(line, loaded->config));
  if (line.verb == Verb::restore) return finish(restore_command(line, loaded->config));
  if (line.verb == Verb::key_accept) return finish(key_command(line, loaded->config));
  // Without a running server. A running one decides by its own option; with MongoDB this process is a node, and does so.
  if (loaded->config.mongo_uri.empty()) loaded->config.api_keys = true;
  if (is_access_command(line.verb)) return finish(access_command(line, loaded->config));
  return finish(user_command(line, loaded->config));
}

// What a command prints may be the only copy of a secret. `check` has its own words and status; `serve` prints only where
// it listens.
int printed(const CommandLine& line, int status) {
  std::cout.flush();
  if (std::cout || status != 0 || line.verb == Verb::serve) return status;
  return complain(
      "what it prints could not be written to stdout, and is lost; what the command changed, it has changed", 1);
}

// If the process is started with stdin, stdout or stderr closed, the next files that are opened get their numbers, and
// the log would be written into one of them.
void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", O_RDWR) != descriptor) std::abort();  // the lowest free number: POSIX open(2)
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  // libmongoc has by now made a shared memory object named after the process id, for its counters. If the process is
  // killed, the name remains, and a later process with the same id complains on stderr.
  ::shm_unlink(("/mongoc-" + std::to_string(::getpid())).c_str());
  // Large blocks go back to the system when they are freed. By default glibc begins to keep them, in each thread's
  // arena.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::umask(077);  // new files are for their owner only
  // A closed connection, or a limit on file sizes, is an error of one write, not the end of the server.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);  // other servers reopen their log at it; this one has nothing to reopen
  try {
    const auto parsed = parse_command_line(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    const auto& line = std::get<CommandLine>(parsed);
    return printed(line, run(line));
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}
