#include "app/import_command.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include "app/host.hpp"
#include "base/printable.hpp"
#include "flask/import.hpp"

namespace integrity::app {
namespace {

Result<std::vector<flask::Rename>> read_renames(const std::string& path) {
  if (path.empty()) return std::vector<flask::Rename>();
  std::ifstream file(path, std::ios::binary);
  const bool readable = file && !std::filesystem::is_directory(path);
  const std::string text(std::istreambuf_iterator<char>(readable ? file.rdbuf() : nullptr), {});
  if (!readable || !file) return Error{Code::invalid_value, "--rename " + path + ": cannot be read"};
  return flask::parse_renames(text, path);
}

Result<flask::Found> read_old(const std::string& uri) {
  try {
    return flask::read_database(uri);
  } catch (const std::runtime_error& error) {
    return Error{Code::unavailable, "the old database: " + printable(error.what(), 300)};
  }
}

// Never through the socket of a running server, because an import may take minutes.
Result<std::unique_ptr<Host>> open_target(const Config& config) {
  auto host = Host::open(config);
  if (host || host.error().code != Code::overloaded) return host;
  const std::string& held = host.error().detail;
  return Error{Code::overloaded,
               held.substr(0, held.find(';')) + ": stop it, import, and start it again. Nothing was changed"};
}

std::string where(const Config& config) {
  return config.mongo_uri.empty() ? "the SQLite file in " + config.data.string()
                                  : "the MongoDB of --store or MONGO_URI";
}

std::string counts(std::size_t users, std::size_t products) {
  return std::to_string(users) + (users == 1 ? " user, " : " users, ") + std::to_string(products) +
         (products == 1 ? " product" : " products");
}

std::string outcome(const flask::Imported& done) {
  std::string out = "\nImported: " + counts(done.users, done.products) + '\n';
  if (done.users_here + done.products_here > 0) {
    out += "Already here: " + counts(done.users_here, done.products_here) + '\n';
  }
  if (done.complete()) return out;
  return out + "Not imported, because of what is here already:\n" + listed(done.refused_users) +
         listed(done.refused_products);
}

}  // namespace

Result<Everything> import_command(const CommandLine& line, const Config& config) {
  const auto& asked = line.import_options;
  INTEGRITY_TRY(const auto renames, read_renames(asked.rename));
  INTEGRITY_TRY(const auto found, read_old(line.name));
  INTEGRITY_TRY(const auto new_names, flask::apply_renames(renames, found.users));
  const auto factors = asked.factors == "keep" ? flask::Factors::keep : flask::Factors::reenrol;
  const auto prehash = asked.prehashed.empty() ? auth::Prehash::none : auth::Prehash::sha256_hex;
  const auto plan = flask::make_plan(found, new_names, {factors, config.currency, SystemClock().now(), prehash});
  std::cout << flask::report(plan) << std::flush;
  bool complete = plan.complete();
  if (!asked.apply) {
    std::cout << "\nNothing was changed. The same command with --apply imports into " << where(config) << ".\n";
  } else {
    INTEGRITY_TRY(const auto host, open_target(config));
    const auth::Vault vault(host->keys.secrets, *host->random);
    INTEGRITY_TRY(const auto done, flask::bring_over(*host->store, vault, plan, host->clock.now()));
    std::cout << outcome(done);
    complete = complete && done.complete();
  }
  if (!complete) std::cout << "Not everything comes over: see the lines above, and docs/from-flask.md\n";
  std::cout << std::flush;
  return complete ? Everything::comes_over : Everything::does_not;
}

}  // namespace integrity::app
