// Idempotency-Key: a request that is sent again under its key changes nothing again and is given the first answer.
//
//   operation("createProduct", …, &create).idempotent()    // all that a resource says about it
//
// The answer is kept in the transaction of the change, so there is never one without the other: see docs/adr/0008.
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

// The keys of requests that run in this process just now. Safe from any thread; outlives its claims.
class RunningKeys {
  using Key = std::pair<UserId, model::ResponseKey>;

 public:
  class Claim {  // given back when it goes
   public:
    Claim(RunningKeys& keys, const Key& key) : keys_(&keys), key_(key) {}
    Claim(Claim&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(std::move(other.key_)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (keys_ != nullptr) keys_->give_back(key_);
    }

   private:
    RunningKeys* keys_;
    Key key_;
  };
  std::optional<Claim> claim(const UserId& user, const model::ResponseKey& key);  // nothing while another has it

 private:
  void give_back(const Key& key);

  std::mutex mutex_;
  std::set<Key> keys_;
};

// The bound of what is kept, for model::stored_response_life.
inline constexpr std::size_t stored_responses_max = 10'000;  // of one user

// What the head decides. Errors: bad_request for a key that cannot be read, or for several.
Result<std::optional<std::string>> idempotency_key(const http::Request& request);

// A request under a key, as far as it is compared with others.
struct KeyedRequest {
  UserId user;
  model::ResponseKey key;
  model::Digest body;
};

// The path counts by what it means: an operation and the parameters that were in it, decoded, so that `%2D` is `-`.
KeyedRequest keyed(std::string_view operation, const std::vector<std::string>& parameters, const UserId& user,
                   const std::string& key, std::string_view body);

// `change` as a write that happens once: the kept answer if there is one, else that of `change`, which is kept. Errors:
// those of `change`, idempotency_key_reused, too_many_attempts. `now` is the host's time.
store::WriteFunction<http::Reply> once(const KeyedRequest& request, Time now, store::WriteFunction<http::Reply> change);

// Runs `change` under the key of the exchange's request and answers it. Error: idempotency_in_progress.
void write_once(std::shared_ptr<http::Exchange> exchange, const std::string& key,
                store::WriteFunction<http::Reply> change);

// Removes what has expired, in batches that do not hold up others. Blocking; for the jobs thread.
void sweep_kept_answers(store::Store& store);

}  // namespace integrity::api
