#include "app/host_call.hpp"

#include <thread>

#include "app/control.hpp"
#include "app/host_commands.hpp"
#include "app/option_values.hpp"
#include "base/printable.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

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
    if (host) {
      HostActs acts;
      add_account_acts(acts, (*host)->accounts);
      return acts.perform(request).reply;
    }
    if (host.error().code != Code::overloaded || attempt == attempts_max) return host.error();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<json::Value> call_host(const Config& config, std::string request, NoDatabase no_database) {
  if (no_database == NoDatabase::refuse) INTEGRITY_CHECK(expect_database(config));
  auto reply = reply_to(config, request);
  wipe(request);
  return ok_of(std::move(reply));
}

Result<json::Value> ok_of(Result<std::string> reply) {
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

Result<HostRead> read_host(const Config& config) {
  INTEGRITY_CHECK(expect_database(config));
  HostRead read;
  if (config.mongo_uri.empty()) {  // a snapshot: the server may hold the folder
    read.tx = store::sqlite::open_sqlite_snapshot(DataFolder::database_in(config.data));
    return read;
  }
  INTEGRITY_TRY(read.host, Host::open(config));
  read.tx = read.host->store->read();
  return read;
}

std::string shown_store(const Config& config) {
  const bool embedded = config.mongo_uri.empty();
  return visible(embedded ? DataFolder::database_in(config.data).string() : hide_uri_secrets(config.mongo_uri));
}

}  // namespace integrity::app
