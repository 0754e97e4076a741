// What a process needs to work on a store: the lock of the folder, the keys, the store, the accounts. The server has
// one; a command makes one if no server is running.
#pragma once
#include <memory>

#include "app/config.hpp"
#include "app/data_folder.hpp"
#include "app/keys.hpp"
#include "auth/accounts.hpp"
#include "store/store.hpp"

namespace integrity::app {

// The store keeps a fingerprint of each key, to recognise it.
struct KeyInUse {
  const char* name;   // of its file
  std::string shown;  // where this process got it from
  model::Digest fingerprint;
};

// `shared`: with other nodes, which must have the same token.key too.
std::vector<KeyInUse> keys_used(const Keys& keys, const Config& config, bool shared);

// Members in the order they are made; the lock is released last.
struct Host {
  // Errors: the folder is in use (Code::overloaded) or cannot be made; a key file is missing, damaged, or not the key
  // that the store is used with, unless it is the one to `accept`; the store cannot be opened. Each names the file or
  // folder.
  static Result<std::unique_ptr<Host>> open(const Config& config, std::string_view accept = {});

  Host(const Config& config, std::optional<DataFolder> data_folder, const Clock& time, std::unique_ptr<Random> chance,
       Keys loaded_keys, std::vector<KeyInUse> used, std::unique_ptr<store::Store> opened);

  // Code::precondition_failed if another node has made the store accept another key: this node must end, because it now
  // takes right passwords and codes for wrong ones.
  Status expect_keys() const;

  std::optional<DataFolder> folder;  // none with MongoDB, which several nodes use
  const Clock& clock;
  std::unique_ptr<Random> random;
  Keys keys;
  std::vector<KeyInUse> keys_in_use;
  std::unique_ptr<store::Store> store;
  auth::Accounts accounts;
};

// Error: not_found if there is no database yet that a command could work on.
Status expect_database(const Config& config);

}  // namespace integrity::app
