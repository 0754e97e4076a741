// What a process has that works on a store: the lock of its folder, the keys, the store, the accounts. The
// server is built on one; a command that finds no server running makes one for its single act.
#pragma once
#include <memory>

#include "app/config.hpp"
#include "app/data_folder.hpp"
#include "app/keys.hpp"
#include "auth/accounts.hpp"
#include "store/store.hpp"

namespace integrity::app {

// What a store keeps of a key, to know it again.
struct KeyInUse {
  const char* name;   // of its file
  const char* shown;  // what holds it here
  model::Digest fingerprint;
};

// Members in the order they are made; the lock goes last.
struct Host {
  // Errors: the folder is in use (Code::overloaded) or cannot be made, a key file is missing or
  // damaged, or is another than the store is used with, unless it is the one to `accept`; the store cannot be opened.
  // Each says which.
  static Result<std::unique_ptr<Host>> open(const Config& config, std::string_view accept = {});

  Host(const Config& config, std::optional<DataFolder> data_folder, const Clock& time, std::unique_ptr<Random> chance,
       Keys loaded_keys, std::vector<KeyInUse> used, std::unique_ptr<store::Store> opened);

  // Code::precondition_failed where another node made the store accept another key since: this one must end, for it
  // takes right passwords and codes for wrong ones.
  Status expect_keys() const;

  std::optional<DataFolder> folder;  // not where the store is MongoDB: several nodes use it
  const Clock& clock;
  std::unique_ptr<Random> random;
  Keys keys;
  std::vector<KeyInUse> keys_in_use;
  std::unique_ptr<store::Store> store;
  auth::Accounts accounts;
};

// An error where there is nothing yet that a command could act on.
Status expect_database(const Config& config);

}  // namespace integrity::app
