// How a command on the host reaches the accounts: through the running server, or in this process.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "app/host.hpp"
#include "base/json_document.hpp"

namespace integrity::app {

enum class NoDatabase : std::uint8_t { make, refuse };

// Runs a request about accounts (host_acts.hpp) and gives the `ok` of its reply, or its `error` as an Error. The request is wiped.
Result<json::Value> call_host(const Config& config, std::string request, NoDatabase no_database = NoDatabase::refuse);

Result<json::Value> ok_of(Result<std::string> reply);

// A read transaction on the store, while the server may be running.
struct HostRead {
  std::unique_ptr<Host> host;  // with MongoDB, where this process is a node
  std::unique_ptr<store::ReadTx> tx;

  store::ReadTx* operator->() const { return tx.get(); }
};
// Error: not_found where there is no database yet.
Result<HostRead> read_host(const Config& config);

std::string shown_store(const Config& config);  // for people: the file, or the address without its secrets
std::string text_in(const json::Value& object, std::string_view name);  // empty where there is no such member

}  // namespace integrity::app
