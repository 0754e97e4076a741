// Idempotency-Key: a request that is sent again with its key gets the stored response and changes nothing.
//
//   operation("createProduct", …, &create).idempotent()    // all that an operation has to declare
//
// The response is stored in the transaction of the change, so one never exists without the other: see docs/adr/0008.
#pragma once
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.hpp"
#include "http/server.hpp"
#include "store/store.hpp"

namespace integrity::api {

// The keys of the requests that are running in this process. Safe from any thread. Must outlive its claims.
class RunningKeys {
  using Key = std::pair<UserId, model::ResponseKey>;

 public:
  class Claim {  // released by the destructor
   public:
    Claim(RunningKeys& keys, const Key& key) : keys_(&keys), key_(key) {}
    Claim(Claim&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(std::move(other.key_)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (keys_ != nullptr) keys_->release(key_);
    }

   private:
    RunningKeys* keys_;
    Key key_;
  };
  std::optional<Claim> claim(const UserId& user, const model::ResponseKey& key);  // nothing while it is claimed

 private:
  void release(const Key& key);

  std::mutex mutex_;
  std::set<Key> keys_;
};

// For each user. A response is stored for model::stored_response_life.
inline constexpr std::size_t stored_responses_max = 10'000;

// The key in the request head, if there is one. Error: bad_request for a malformed key, or for several.
Result<std::optional<std::string>> idempotency_key(const http::Request& request);

// What identifies a request with a key. The same `user` and `key` with another `body` is an error.
struct KeyedRequest {
  UserId user;
  model::ResponseKey key;
  model::Digest body;
};

// The path is compared as an operation with its decoded parameters, so `%2D` and `-` are the same.
KeyedRequest keyed(std::string_view operation, const std::vector<std::string>& parameters, const UserId& user,
                   const std::string& key, std::string_view body);

// `change` as a write that happens once: gives the stored response, or else runs `change` and stores its response.
// Errors: those of `change`, idempotency_key_reused, too_many_attempts. `now` is the time of this host.
store::WriteFunction<http::Reply> once(const KeyedRequest& request, Time now, store::WriteFunction<http::Reply> change);

// Runs `change` under `key`, and answers the exchange. Error: idempotency_in_progress.
void write_once(std::shared_ptr<http::Exchange> exchange, const std::string& key,
                store::WriteFunction<http::Reply> change);

// Removes expired responses, in batches that do not delay other writes for long. Blocks; for a background thread.
void sweep_stored_responses(store::Store& store);

}  // namespace integrity::api
